// Where samples lie on rays, by distances on a lattice: `PlainMarcher` of cache.py.
#pragma once

#include "opacity.h"

// The layouts are those of rays.py.
struct Lattice {
  const float* values;  // (side, side, side) at the middles of cells of -1 ... 1; z, y, x
  int64_t side;
};

struct Rays {
  const float* origin;     // (R, 3)
  const float* direction;  // (R, 3)
  const float* near;       // (R)
  const float* far;        // (R)
  int64_t count;           // R
};

struct Placing {
  const float* looked;  // (R, looks) shares of the way, ascending: where to look
  const float* share;   // (R, samples) shares of the weight, ascending
  int64_t looks, samples;
  float sharpness;
  float missing, always;  // UNCERTAIN of cache.py
};

// Where points lie between the middles of cells, along one axis; the outermost go on.
struct Between {
  Between(float origin, float direction, Reals t, int side) {
    const Reals x = all(origin) + t * all(direction);
    Reals place = ((x + all(1.0f)) * all(float(side)) - all(1.0f)) * all(0.5f);
    place = smaller(larger(place, Reals{}), all(float(side - 1)));  // NaN becomes 0
    cell = __builtin_convertvector(place, Integers);
    const Integers last = Integers{} + (side - 2);
    cell = cell > last ? last : cell;
    within = place - __builtin_convertvector(cell, Reals);
  }

  Integers cell;
  Reals within;
};

inline Reals mixed(Reals a, Reals b, Reals share) { return a + (b - a) * share; }

// Distances at LANES places of one ray.
inline Reals look(const Lattice& lattice, const float* origin, const float* direction,
                  Reals t) {
  const int side = int(lattice.side), plane = side * side;
  const Between x(origin[0], direction[0], t, side);
  const Between y(origin[1], direction[1], t, side);
  const Between z(origin[2], direction[2], t, side);
  const Integers first = (z.cell * side + y.cell) * side + x.cell;
  Reals corner[8] = {};
  UNROLL
  for (int lane = 0; lane < LANES; ++lane) {
    const float* at = lattice.values + first[lane];
    for (int c = 0; c < 8; ++c) {
      corner[c][lane] = at[(c >> 2) * plane + (c >> 1 & 1) * side + (c & 1)];
    }
  }
  for (int c = 0; c < 8; c += 2) corner[c] = mixed(corner[c], corner[c + 1], x.within);
  const Reals low = mixed(corner[0], corner[2], y.within);
  const Reals high = mixed(corner[4], corner[6], y.within);
  return mixed(low, high, z.within);
}

inline void look_along(const Lattice& lattice, const Rays& rays, int64_t ray,
                       const float* t, int count, float* distance) {
  for (int i = 0; i < count; i += LANES) {
    store(distance + i,
          look(lattice, rays.origin + 3 * ray, rays.direction + 3 * ray, load(t + i)));
  }
  Padded::pad(distance, count);
}

// t at shares (count) of the way through the ball, padded.
inline void places(const Rays& rays, int64_t ray, const float* share, int count, float* t) {
  const float near = rays.near[ray], way = rays.far[ray] - near;
  for (int i = 0; i < count; ++i) t[i] = near + way * share[i];
  Padded::pad(t, count);
}

// distance : (R) the least at `looks` shares of the way, the same for all rays.
inline void closest(const Lattice& lattice, const Rays& rays, const float* share,
                    int64_t looks, float* distance) {
  each_ray(rays.count, [&](int64_t ray) {
    float t[ROW], found[ROW];
    places(rays, ray, share, int(looks), t);
    look_along(lattice, rays, ray, t, int(looks), found);
    float least = found[0];
    for (int i = 1; i < looks; ++i) least = std::min(least, found[i]);
    distance[ray] = least;
  });
}

// Replaces weights by their running sum, after what the lattice does not know is added.
inline void accumulate(float* weight, int looks, float missing, float always) {
  // A surface between two places may lie closer to either of them.
  float sum = weight[0], before = weight[0];
  for (int i = 1; i < looks; ++i) {
    const float own = weight[i];
    weight[i] = std::max(own, before);
    before = own;
    sum += weight[i];
  }
  const float more = (always + missing * (1.0f - std::min(sum, 1.0f))) / float(looks);
  float total = 0.0f;
  for (int i = 0; i < looks; ++i) weight[i] = total += weight[i] + more;
  const float part = 1.0f / total;
  for (int i = 0; i < looks; ++i) weight[i] *= part;
}

// samples places where the running sum reaches shares, both ascending.
inline void invert(const float* t, const float* total, int looks, const float* share,
                   int samples, float* to) {
  int above = 1;
  for (int i = 0; i < samples; ++i) {
    while (above < looks - 1 && total[above] < share[i]) ++above;
    const float low = total[above - 1], high = total[above];
    const float part = (share[i] - low) / std::max(high - low, 1e-6f);
    const float way = t[above] - t[above - 1];
    to[i] = t[above - 1] + std::min(std::max(part, 0.0f), 1.0f) * way;
  }
}

// to : (R, samples) places t.
inline void place(const Lattice& lattice, const Rays& rays, const Placing& by, float* to) {
  const int looks = int(by.looks), samples = int(by.samples);
  each_ray(rays.count, [&](int64_t ray) {
    float t[ROW], distance[ROW], stopped[ROW], weight[ROW];
    places(rays, ray, by.looked + ray * looks, looks, t);
    look_along(lattice, rays, ray, t, looks, distance);
    stops(distance, t, looks, by.sharpness, stopped);
    weigh(stopped, looks, weight);
    accumulate(weight, looks, by.missing, by.always);
    invert(t, weight, looks, by.share + ray * samples, samples, to + ray * samples);
  });
}
