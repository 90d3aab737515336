// Colours of points and what rays see of them: the network of colour.py, `composite` of
// render.py, and their gradients.
#pragma once

#include <cmath>
#include <memory>

#include "pool.h"
#include "rows.h"

#if !defined(COLOUR_FEATURES)
#error "compile with -DCOLOUR_FEATURES=15"
#endif

// Numbers in a row that enters the network: place, harmonics, normal, features of the
// field, and a one (its weights are the biases).
constexpr int NORMAL = 12;
constexpr int COLUMNS = 15 + COLOUR_FEATURES;
constexpr int INPUTS = rounded_up(COLUMNS + 1, LANES);
constexpr int MOVING = 3 + COLOUR_FEATURES;  // of these, from NORMAL on, gradients are taken
constexpr int BACK = rounded_up(MOVING, LANES);
constexpr int TILES = 4;  // tiles that share one sum of weight gradients
constexpr int CHANNELS = 3;

static_assert(HIDDEN % LANES == 0, "a hidden layer fills whole vectors");
static_assert(OUTPUTS == CHANNELS, "colours have three channels");

// Of the tensors of ColourNetwork; layouts are those of rays.py.
struct ColourParameters {
  const float* first;        // (HIDDEN, COLUMNS)
  const float* first_bias;   // (HIDDEN)
  const float* second;       // (HIDDEN, HIDDEN)
  const float* second_bias;  // (HIDDEN)
  const float* third;        // (CHANNELS, HIDDEN)
  const float* third_bias;   // (CHANNELS)
};

// M points out of N, on R rays of `samples` points.
struct Shown {
  const float* x;          // (N, 3)
  const float* direction;  // (R, 3)
  const float* gradient;   // (K, 3) of the field
  const float* features;   // (N, COLOUR_FEATURES)
  const float* weight;     // (N)
  const int64_t* at;       // (M) rows of x, features, weight; each once
  const int64_t* sloped;   // (M) rows of gradient; each once
  int64_t points, rays, samples;

  int64_t tiles() const { return (points + ROWS - 1) / ROWS; }
  int64_t ray(int64_t i) const { return at[i] / samples; }
};

// What is added to by `differentiate_colours`, but for the rows of points, which are set.
struct ShownGradient {
  float* gradient;  // (K, 3)
  float* features;  // (N, COLOUR_FEATURES)
  float* weight;    // (N)
  float *first, *first_bias, *second, *second_bias, *third, *third_bias;
  struct ColourGradient* partial;  // scratch: one for each TILES tiles
};

struct ColourGradient {
  alignas(64) float first[INPUTS][HIDDEN];
  alignas(64) float second[HIDDEN][HIDDEN];  // [input][output]
  alignas(64) float third[CHANNELS][HIDDEN];
  alignas(64) float second_bias[HIDDEN];
  float third_bias[CHANNELS];
};

// What points are turned into, kept for the way back. colour : padded to whole vectors.
struct Tile {
  alignas(64) float inputs[ROWS][INPUTS];
  alignas(64) float first[ROWS][HIDDEN];
  alignas(64) float second[ROWS][HIDDEN];
  alignas(64) float colour[ROWS][LANES];
};

// The weights in the orders that the products want, padded with zeros.
struct ColourWeights {
  explicit ColourWeights(const ColourParameters& from) {
    for (int h = 0; h < HIDDEN; ++h) {
      const float* row = from.first + h * COLUMNS;
      for (int i = 0; i < COLUMNS; ++i) first[i][h] = row[i];
      first[COLUMNS][h] = from.first_bias[h];
      for (int i = 0; i < MOVING; ++i) first_back[h][i] = row[NORMAL + i];
      for (int i = 0; i < HIDDEN; ++i) second[i][h] = from.second[h * HIDDEN + i];
      for (int o = 0; o < CHANNELS; ++o) third[h][o] = from.third[o * HIDDEN + h];
    }
    std::memcpy(second_back, from.second, sizeof second_back);
    std::memcpy(third_back, from.third, sizeof third_back);
    std::memcpy(second_bias, from.second_bias, sizeof second_bias);
    std::memcpy(third_bias, from.third_bias, sizeof(float) * CHANNELS);
  }

  alignas(64) float first[INPUTS][HIDDEN] = {};
  alignas(64) float first_back[HIDDEN][BACK] = {};
  alignas(64) float second[HIDDEN][HIDDEN];
  alignas(64) float second_back[HIDDEN][HIDDEN];
  alignas(64) float third[HIDDEN][LANES] = {};
  alignas(64) float third_back[CHANNELS][HIDDEN];
  alignas(64) float second_bias[HIDDEN];
  alignas(64) float third_bias[LANES] = {};
};

// Nine real spherical harmonics of degree 0 to 2: `harmonics` of colour.py.
inline void harmonics(const float* direction, float* to) {
  const float x = direction[0], y = direction[1], z = direction[2];
  constexpr float first = 0.48860251190291992f, second = 1.0925484305920792f;
  to[0] = 0.28209479177387814f;
  to[1] = first * y;
  to[2] = first * z;
  to[3] = first * x;
  to[4] = second * x * y;
  to[5] = second * y * z;
  to[6] = 0.31539156525252005f * (3.0f * z * z - 1.0f);
  to[7] = second * x * z;
  to[8] = 0.5f * second * (x * x - y * y);
}

// The length that a gradient is divided by, and its inverse; as `normalize` has it.
inline float length_of(const float* v) {
  return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}
constexpr float SHORTEST = 1e-12f;

inline void gather(const Shown& shown, int64_t first, int count,
                   float inputs[ROWS][INPUTS]) {
  std::memset(inputs, 0, sizeof(float) * ROWS * INPUTS);
  for (int r = 0; r < count; ++r) {
    const int64_t i = first + r, at = shown.at[i];
    float* row = inputs[r];
    std::memcpy(row, shown.x + 3 * at, 3 * sizeof(float));
    harmonics(shown.direction + 3 * shown.ray(i), row + 3);
    const float* gradient = shown.gradient + 3 * shown.sloped[i];
    const float part = 1.0f / std::max(length_of(gradient), SHORTEST);
    for (int axis = 0; axis < 3; ++axis) row[NORMAL + axis] = gradient[axis] * part;
    std::memcpy(row + NORMAL + 3, shown.features + COLOUR_FEATURES * at,
                COLOUR_FEATURES * sizeof(float));
    row[COLUMNS] = 1.0f;
  }
}

// Adds the bias, and cuts off what is negative; NaN stays.
inline void rectify(const float* bias, float rows[ROWS][HIDDEN]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int h = 0; h < HIDDEN; h += LANES) {
      const Reals z = load(rows[r] + h) + (bias ? load(bias + h) : Reals{});
      store(rows[r] + h, larger(Reals{}, z));
    }
  }
}

inline void shade(const ColourWeights& net, Tile& tile) {
  multiply(tile.inputs[0], INPUTS, COLUMNS + 1, net.first[0], HIDDEN, HIDDEN, tile.first[0]);
  rectify(nullptr, tile.first);
  multiply(tile.first[0], HIDDEN, HIDDEN, net.second[0], HIDDEN, HIDDEN, tile.second[0]);
  rectify(net.second_bias, tile.second);
  multiply(tile.second[0], HIDDEN, HIDDEN, net.third[0], LANES, LANES, tile.colour[0]);
  const Integers sign = bits(all(-0.0f));
  const Reals bias = load(net.third_bias);
  for (int r = 0; r < ROWS; r += TOGETHER) {
    Reals z[TOGETHER], e[TOGETHER];
    load(tile.colour[r], z);
    for (int n = 0; n < TOGETHER; ++n) {
      z[n] += bias;
      e[n] = real(bits(z[n]) | sign);
    }
    exp_negative(e);
    for (int n = 0; n < TOGETHER; ++n) {
      z[n] = (z[n] > Reals{} ? all(1.0f) : e[n]) / (all(1.0f) + e[n]);
    }
    store(tile.colour[r], z);
  }
}

// colour : (R, 3), added to. The sum goes point by point.
inline void paint(const ColourParameters& of, const Shown& shown, Tile* tiles,
                  float* colour) {
  const auto net = std::make_unique<const ColourWeights>(of);
  parallel(shown.tiles(), [&](int64_t tile) {
    const int count = int(std::min<int64_t>(ROWS, shown.points - tile * ROWS));
    gather(shown, tile * ROWS, count, tiles[tile].inputs);
    shade(*net, tiles[tile]);
  });
  for (int64_t i = 0; i < shown.points; ++i) {
    const float* own = tiles[i / ROWS].colour[i % ROWS];
    const float weight = shown.weight[shown.at[i]];
    for (int c = 0; c < CHANNELS; ++c) colour[CHANNELS * shown.ray(i) + c] += own[c] * weight;
  }
}

// Cotangents of the last layer, of one tile; sets those of the weights on the rays.
inline void outputs_of(const Shown& shown, const Tile& tile, int64_t first, int count,
                       const float* by_colour, const ShownGradient& to,
                       float rows[ROWS][CHANNELS]) {
  std::memset(rows, 0, sizeof(float) * ROWS * CHANNELS);
  for (int r = 0; r < count; ++r) {
    const int64_t i = first + r;
    const float* by = by_colour + CHANNELS * shown.ray(i);
    const float weight = shown.weight[shown.at[i]];
    float worth = 0.0f;
    for (int c = 0; c < CHANNELS; ++c) {
      const float own = tile.colour[r][c];
      worth += by[c] * own;
      rows[r][c] = by[c] * weight * own * (1.0f - own);
    }
    to.weight[shown.at[i]] = worth;
  }
}

// Leaves only what belongs to numbers that were not cut off.
inline void pass(const float hidden[ROWS][HIDDEN], float by[ROWS][HIDDEN]) {
  for (int r = 0; r < ROWS; ++r) {
    for (int h = 0; h < HIDDEN; h += LANES) {
      const Reals cotangent = load(by[r] + h);
      store(by[r] + h, load(hidden[r] + h) > Reals{} ? cotangent : Reals{});
    }
  }
}

inline void add_rows(const float rows[ROWS][HIDDEN], float* total) {
  for (int h = 0; h < HIDDEN; h += LANES) {
    Reals sum = load(total + h);
    for (int r = 0; r < ROWS; ++r) sum += load(rows[r] + h);
    store(total + h, sum);
  }
}

// Sets the cotangents of gradients and features by those of a tile's inputs.
inline void spread(const Shown& shown, const Tile& tile, int64_t first, int count,
                   const float by[ROWS][BACK], const ShownGradient& to) {
  for (int r = 0; r < count; ++r) {
    const int64_t at = shown.at[first + r], row = shown.sloped[first + r];
    const float* normal = tile.inputs[r] + NORMAL;
    const float length = length_of(shown.gradient + 3 * row);
    const bool turns = length > SHORTEST;  // below, only the length changes
    const float along =
        turns ? normal[0] * by[r][0] + normal[1] * by[r][1] + normal[2] * by[r][2] : 0.0f;
    const float part = 1.0f / std::max(length, SHORTEST);
    for (int axis = 0; axis < 3; ++axis) {
      to.gradient[3 * row + axis] = (by[r][axis] - along * normal[axis]) * part;
    }
    std::memcpy(to.features + COLOUR_FEATURES * at, by[r] + 3,
                COLOUR_FEATURES * sizeof(float));
  }
}

inline void pull_back(const ColourWeights& net, const Shown& shown, const Tile& tile,
                      int64_t first, const float* by_colour, const ShownGradient& to,
                      ColourGradient& total) {
  alignas(64) float by_second[ROWS][HIDDEN], by_first[ROWS][HIDDEN], by_inputs[ROWS][BACK];
  float outputs[ROWS][CHANNELS];
  const int count = int(std::min<int64_t>(ROWS, shown.points - first));
  outputs_of(shown, tile, first, count, by_colour, to, outputs);
  for (int r = 0; r < ROWS; ++r) {
    for (int c = 0; c < CHANNELS; ++c) total.third_bias[c] += outputs[r][c];
  }
  add_outer(outputs[0], CHANNELS, CHANNELS, tile.second[0], HIDDEN, total.third[0]);
  multiply(outputs[0], CHANNELS, CHANNELS, net.third_back[0], HIDDEN, HIDDEN, by_second[0]);
  pass(tile.second, by_second);
  add_rows(by_second, total.second_bias);
  add_outer(tile.first[0], HIDDEN, HIDDEN, by_second[0], HIDDEN, total.second[0]);
  multiply(by_second[0], HIDDEN, HIDDEN, net.second_back[0], HIDDEN, HIDDEN, by_first[0]);
  pass(tile.first, by_first);
  add_outer(tile.inputs[0], INPUTS, COLUMNS + 1, by_first[0], HIDDEN, total.first[0]);
  multiply(by_first[0], HIDDEN, HIDDEN, net.first_back[0], BACK, MOVING, by_inputs[0]);
  spread(shown, tile, first, count, by_inputs, to);
}

// Sums over all parts, in their order.
inline void add_partials(const ColourGradient* partial, int64_t parts,
                         const ShownGradient& to) {
  ColourGradient& total = to.partial[0];
  for (int64_t p = 1; p < parts; ++p) {
    const float* from = reinterpret_cast<const float*>(partial + p);
    float* sum = reinterpret_cast<float*>(&total);
    for (size_t i = 0; i < sizeof(ColourGradient) / sizeof(float); ++i) sum[i] += from[i];
  }
  for (int h = 0; h < HIDDEN; ++h) {
    for (int i = 0; i < COLUMNS; ++i) to.first[h * COLUMNS + i] += total.first[i][h];
    to.first_bias[h] += total.first[COLUMNS][h];
    for (int i = 0; i < HIDDEN; ++i) to.second[h * HIDDEN + i] += total.second[i][h];
    to.second_bias[h] += total.second_bias[h];
    for (int c = 0; c < CHANNELS; ++c) to.third[c * HIDDEN + h] += total.third[c][h];
  }
  for (int c = 0; c < CHANNELS; ++c) to.third_bias[c] += total.third_bias[c];
}

inline void differentiate_colours(const ColourParameters& of, const Shown& shown,
                                  const Tile* tiles, const float* by_colour,
                                  const ShownGradient& to) {
  const auto net = std::make_unique<const ColourWeights>(of);
  const int64_t parts = (shown.tiles() + TILES - 1) / TILES;
  if (parts == 0) return;
  parallel(parts, [&](int64_t part) {
    ColourGradient& total = to.partial[part];
    std::memset(&total, 0, sizeof total);
    const int64_t end = std::min(shown.tiles(), (part + 1) * TILES);
    for (int64_t tile = part * TILES; tile < end; ++tile) {
      pull_back(*net, shown, tiles[tile], tile * ROWS, by_colour, to, total);
    }
  });
  add_partials(to.partial, parts, to);
}
