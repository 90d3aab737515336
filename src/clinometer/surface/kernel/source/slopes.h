// The analytical gradient of the distance by the point, and its own gradient by all
// parameters: exact, with tangents carried through the grid.
//
// With e the encoded point, t_d its derivative along axis d, z = W e the hidden layer,
// s(z) the slope of softplus and w the weights of the distance,
//     slope_d = g . t_d,   g = Wᵀ (w s).
// Back from cotangents u_d the sum u . slope = w s . W v, with v = Σ_d u_d t_d, gives
//     w: s q, q = W v;   z: w s' q;   W: (w s) vᵀ + (w s' q) eᵀ;
//     entry of the grid: its weight times Wᵀ (w s' q), and u . (the weight's own
//     derivative) times g.
#pragma once

#include "pool.h"
#include "question.h"

// What a block is turned into, kept for the way back.
struct SlopeBlock {
  alignas(64) float inputs[ROWS][INPUTS];
  alignas(64) float hidden[ROWS][HIDDEN];
  alignas(64) float along[3][ROWS][INPUTS];  // t_d
  alignas(64) float by_input[ROWS][INPUTS];  // g
};

struct Slopes {
  float* slope;        // (N, 3)
  SlopeBlock* blocks;  // kept for the way back, or null
};

struct SlopeCotangent {
  const float* slope;  // (N, 3)
  const SlopeBlock* blocks;
};

// The encoded points and their tangents.
inline void encode_slanted(const Network& net, const Points& points,
                           const float offset[3], SlopeBlock& block) {
  begin_rows(points, offset, block.inputs);
  std::memset(block.along, 0, sizeof block.along);
  for (int axis = 0; axis < 3; ++axis) {
    for (int r = 0; r < ROWS; ++r) block.along[axis][r][axis] = 1.0f;
  }
  Entries at;
  Weights weight;
  PairWeights weights, along[3];
  for (int l = 0; l < net.active; ++l) {
    const Level& level = net.levels[l];
    const float* table = level_of(net.table, level);
    const int column = GRID + l * FEATURES;
    for (int first = 0; first < points.tiles() * LANES; first += LANES) {
      const Cell cell = cell_of(level, points.tile(first).shifted(offset));
      store_entries(cell, at);
      trilinear(cell.within, weight);
      weights.hold(weight);
      for (int d = 0; d < 3; ++d) {
        trilinear_along(d, cell.within, 0.5f * level.resolution, weight);
        along[d].hold(weight);
      }
      for (int lane = 0; lane < LANES; ++lane) {
        const Gathered entries(table, level.mask == 0, at, lane);
        const int r = first + lane;
        store_entry(&block.inputs[r][column], entries.weighted(weights, lane));
        for (int d = 0; d < 3; ++d) {
          store_entry(&block.along[d][r][column], entries.weighted(along[d], lane));
        }
      }
    }
  }
}

// s, from what softplus made of z.
inline void slopes_of_hidden(const float hidden[ROWS][HIDDEN], float s[ROWS][HIDDEN]) {
  for (int i = 0; i < ROWS * HIDDEN; i += TOGETHER * LANES) {
    Reals slope[TOGETHER];
    load(hidden[0] + i, slope);
    softplus_slope(slope);
    store(s[0] + i, slope);
  }
}

inline void slopes_of_block(const Network& net, SlopeBlock& block, int count,
                            float* slope) {
  activate(net, block.inputs, block.hidden);
  alignas(64) float weighted[ROWS][HIDDEN];  // w s
  slopes_of_hidden(block.hidden, weighted);
  for (int r = 0; r < ROWS; ++r) {
    for (int h = 0; h < HIDDEN; h += LANES) {
      store(weighted[r] + h, load(weighted[r] + h) * load(net.second[0] + h));
    }
  }
  std::memset(block.by_input, 0, sizeof block.by_input);
  multiply(weighted[0], HIDDEN, HIDDEN, net.by_hidden[0], INPUTS, net.inputs,
           block.by_input[0]);
  for (int r = 0; r < count; ++r) {
    for (int d = 0; d < 3; ++d) {
      Reals total{};
      for (int i = 0; i < INPUTS; i += LANES) {
        total += load(block.by_input[r] + i) * load(block.along[d][r] + i);
      }
      slope[3 * r + d] = sum(total);
    }
  }
}

inline void pull_slopes_back(const Network& net, const SlopeBlock& block,
                             const float* by_slope, int count, WeightGradient& total,
                             float encoded[ROWS][INPUTS]) {
  alignas(64) float tangent[ROWS][INPUTS] = {};  // v
  for (int r = 0; r < count; ++r) {
    for (int i = 0; i < INPUTS; i += LANES) {
      Reals v{};
      for (int d = 0; d < 3; ++d) v += by_slope[3 * r + d] * load(block.along[d][r] + i);
      store(tangent[r] + i, v);
    }
  }
  alignas(64) float moved[ROWS][HIDDEN];     // q, then w s' q
  alignas(64) float weighted[ROWS][HIDDEN];  // s, then w s
  multiply(tangent[0], INPUTS, net.inputs, net.by_input[0], HIDDEN, HIDDEN, moved[0]);
  slopes_of_hidden(block.hidden, weighted);
  for (int r = 0; r < ROWS; ++r) {
    for (int h = 0; h < HIDDEN; h += LANES) {
      const Reals s = load(weighted[r] + h);
      const Reals w = load(net.second[0] + h), q = load(moved[r] + h);
      store(weighted[r] + h, w * s);
      store(moved[r] + h, w * q * s * (all(1.0f) - s) * all(SHARPNESS));
      store(total.second[0] + h, load(total.second[0] + h) + s * q);
    }
  }
  add_outer(tangent[0], INPUTS, net.inputs, weighted[0], HIDDEN, total.first[0]);
  add_outer(block.inputs[0], INPUTS, net.inputs, moved[0], HIDDEN, total.first[0]);
  multiply(moved[0], HIDDEN, HIDDEN, net.by_hidden[0], INPUTS, net.inputs, encoded[0]);
}

// Weights' derivatives along each lane's own direction u.
inline void slanted(const Level& level, const Place& within, const Place& u,
                    Weights total) {
  const Reals by[3] = {u.x, u.y, u.z};
  Weights along;
  for (int c = 0; c < 8; ++c) total[c] = Reals{};
  for (int d = 0; d < 3; ++d) {
    trilinear_along(d, within, 0.5f * level.resolution, along);
    for (int c = 0; c < 8; ++c) total[c] += by[d] * along[c];
  }
}

// encoded : (blocks, ROWS, 2, FEATURES) of one level: by the features, and g.
// gradient : by the level's entries, added to.
inline void scatter_slopes(const Level& level, const Question& question,
                           const float* by_slope, const float* encoded, float* gradient) {
  Entries at;
  Weights weight;
  PairWeights weights, along;
  for (int64_t b = 0; b < blocks_of(question); ++b, encoded += 2 * ROWS * FEATURES) {
    const Points points = points_of(question, b);
    const Points directions(by_slope + 3 * b * ROWS, points.count);
    for (int first = 0; first < points.count; first += LANES) {
      const Cell cell = cell_of(level, points.tile(first).shifted(question.offsets));
      store_entries(cell, at);
      trilinear(cell.within, weight);
      weights.hold(weight);
      slanted(level, cell.within, directions.tile(first), weight);
      along.hold(weight);
      const int lanes = std::min(LANES, points.count - first);
      const float* parts = encoded + 2 * first * FEATURES;
      for (int lane = 0; lane < lanes; ++lane, parts += 2 * FEATURES) {
        const Entry by_feature = load_entry(parts), by_tangent = load_entry(parts + FEATURES);
        spread(gradient, at, lane, [&](int pair) {
          return by_feature * weights.of(pair, lane) + by_tangent * along.of(pair, lane);
        });
      }
    }
  }
}

inline void slopes(const Network& net, const Question& question, const Slopes& to) {
  parallel(blocks_of(question), [&](int64_t b) {
    SlopeBlock scratch;
    SlopeBlock& block = to.blocks ? to.blocks[b] : scratch;
    const Points points = points_of(question, b);
    encode_slanted(net, points, question.offsets, block);
    slopes_of_block(net, block, points.count, to.slope + 3 * b * ROWS);
  });
}

inline void differentiate_slopes(const Network& net, const Question& question,
                                 const SlopeCotangent& by, const Gradient& to) {
  const int64_t blocks = blocks_of(question);
  const int64_t block_stride = 2 * ROWS * FEATURES, level_stride = blocks * block_stride;
  parallel(blocks, [&](int64_t b) {
    std::memset(&to.partial[b], 0, sizeof(WeightGradient));
    alignas(64) float encoded[ROWS][INPUTS];
    const int count = points_in(question, b);
    pull_slopes_back(net, by.blocks[b], by.slope + 3 * b * ROWS, count, to.partial[b],
                     encoded);
    float* kept = to.encoded + b * block_stride;
    keep_encoded(net, encoded, count, kept, level_stride, 2 * FEATURES);
    keep_encoded(net, by.blocks[b].by_input, count, kept + FEATURES, level_stride,
                 2 * FEATURES);
  });
  parallel(to.table ? net.active : 0, [&](int64_t i) {
    const int l = int(net.active - 1 - i);
    const Level& level = net.levels[l];
    scatter_slopes(level, question, by.slope, to.encoded + l * level_stride,
                   level_of(to.table, level));
  });
}
