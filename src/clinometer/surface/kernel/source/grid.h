// The hash grid: which entries a point lies between, and with which weights. As `encode`
// of grid.py, which is the specification.
#pragma once

#include "lanes.h"

// One level; the layout is that of the structure in library.py.
struct Level {
  int64_t start;       // of its entries in the table
  int32_t resolution;  // cells per axis
  uint32_t mask;       // entries - 1, where they are shared by a hash; else 0
};

using Entry = float __attribute__((vector_size(4 * FEATURES)));

inline Entry load_entry(const float* from) {
  Entry a;
  std::memcpy(&a, from, sizeof a);
  return a;
}

inline void store_entry(float* to, Entry a) { std::memcpy(to, &a, sizeof a); }

// A point of each lane.
struct Place {
  Reals x, y, z;
};

// The corners of the cell that each lane's point lies in, x fastest.
struct Cell {
  Words corner[8];
  Place within;  // 0 ... 1 inside of the cell; beyond where the nearest is prolonged
};

inline Reals clamped(Reals a, float high) {
  const Reals zero{};
  a = a > zero ? a : zero;  // NaN becomes 0: never an entry outside of the table
  return a < all(high) ? a : all(high);
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
inline void trilinear(const Place& within, Reals weight[8]) {
  const Reals one = all(1.0f);
  const Reals x[2] = {one - within.x, within.x}, y[2] = {one - within.y, within.y},
              z[2] = {one - within.z, within.z};
  for (int c = 0; c < 8; ++c) weight[c] = x[c & 1] * y[c >> 1 & 1] * z[c >> 2];
}

// Corners and weights as they are read: by lane.
struct Corners {
  alignas(64) uint32_t entry[8][LANES];
  alignas(64) float weight[8][LANES];
};

inline Cell corners_of(const Level& level, const Place& point, Corners& corners) {
  const Cell cell = cell_of(level, point);
  Reals weight[8];
  trilinear(cell.within, weight);
  for (int c = 0; c < 8; ++c) {
    std::memcpy(corners.entry[c], &cell.corner[c], sizeof cell.corner[c]);
    store(corners.weight[c], weight[c]);
  }
  return cell;
}

// The interpolated entry of one lane.
inline Entry interpolated(const float* table, const Corners& corners, int lane) {
  Entry sum{};
  for (int c = 0; c < 8; ++c) {
    const float* entry = table + size_t(FEATURES) * corners.entry[c][lane];
    sum += load_entry(entry) * corners.weight[c][lane];
  }
  return sum;
}

// Adds what one lane's point contributes to the table's gradient.
inline void spread(float* gradient, const Corners& corners, int lane, Entry by_point) {
  for (int c = 0; c < 8; ++c) {
    float* entry = gradient + size_t(FEATURES) * corners.entry[c][lane];
    store_entry(entry, load_entry(entry) + by_point * corners.weight[c][lane]);
  }
}
