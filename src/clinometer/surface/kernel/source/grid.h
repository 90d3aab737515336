// The hash grid: which entries a point lies between, and with which weights. As `encode`
// of grid.py, which is the specification.
#pragma once

#include "lanes.h"

// One level; the layout is that of the structure in library.py.
struct Level {
  int64_t start;       // of its entries in the table
  int64_t entries;     // a multiple of 16
  int32_t resolution;  // cells per axis
  uint32_t mask;       // entries - 1, where they are shared by a hash; else 0
};

// A point of each lane.
struct Place {
  Reals x, y, z;

  Place shifted(const float by[3]) const {
    return {x + all(by[0]), y + all(by[1]), z + all(by[2])};
  }
};

// The corners of the cell that each lane's point lies in, x fastest.
struct Cell {
  Words corner[8];
  Place within;  // 0 ... 1 inside of the cell; beyond where the nearest is prolonged
};

// NaN becomes 0: never an entry outside of the table.
inline Reals clamped(Reals a, float high) {
  return smaller(larger(a, Reals{}), all(high));
}

inline Cell cell_of(const Level& level, const Place& point) {
  const Reals half = all(0.5f * level.resolution);
  const float last = level.resolution - 1;
  const Reals x = point.x * half + half, y = point.y * half + half,
              z = point.z * half + half;
  const Integers i = __builtin_convertvector(clamped(x, last), Integers);
  const Integers j = __builtin_convertvector(clamped(y, last), Integers);
  const Integers k = __builtin_convertvector(clamped(z, last), Integers);
  Cell cell;
  // Not x - i: the cell's place is taken from the centre before x is rounded to it.
  cell.within = {point.x * half + (half - __builtin_convertvector(i, Reals)),
                 point.y * half + (half - __builtin_convertvector(j, Reals)),
                 point.z * half + (half - __builtin_convertvector(k, Reals))};
  const Words low_x = (Words)i, high_x = low_x + 1;
  if (level.mask == 0) {
    const uint32_t side = level.resolution + 1, layer = side * side;
    const Words first = low_x + (Words)j * side + (Words)k * layer;
    for (int c = 0; c < 8; ++c) {
      cell.corner[c] = first + ((c & 1) + (c & 2 ? side : 0) + (c & 4 ? layer : 0));
    }
    return cell;
  }
  const uint32_t factor_y = 2654435761u, factor_z = 805459861u;  // PRIMES of grid.py
  const Words low_y = (Words)j * factor_y, high_y = low_y + factor_y;
  const Words low_z = (Words)k * factor_z, high_z = low_z + factor_z;
  for (int c = 0; c < 8; ++c) {
    cell.corner[c] =
        ((c & 1 ? high_x : low_x) ^ (c & 2 ? high_y : low_y) ^ (c & 4 ? high_z : low_z)) &
        all(level.mask);
  }
  return cell;
}

// Weights of the eight corners, each of all lanes.
using Weights = Reals[8];

inline void trilinear(const Place& within, Weights weight) {
  const Reals one = all(1.0f);
  const Reals x[2] = {one - within.x, within.x}, y[2] = {one - within.y, within.y},
              z[2] = {one - within.z, within.z};
  for (int c = 0; c < 8; ++c) weight[c] = x[c & 1] * y[c >> 1 & 1] * z[c >> 2];
}

// Their derivatives along an axis, in which the level has so many cells per unit.
inline void trilinear_along(int axis, const Place& within, float cells, Weights weight) {
  const Reals one = all(1.0f), up = all(cells);
  Reals x[2] = {one - within.x, within.x}, y[2] = {one - within.y, within.y},
        z[2] = {one - within.z, within.z};
  Reals* changed = axis == 0 ? x : axis == 1 ? y : z;
  changed[0] = -up;
  changed[1] = up;
  for (int c = 0; c < 8; ++c) weight[c] = x[c & 1] * y[c >> 1 & 1] * z[c >> 2];
}
