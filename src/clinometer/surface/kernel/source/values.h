// Distances and features of points, at any offsets, and their gradients.
#pragma once

#include <vector>

#include "pool.h"
#include "question.h"

// What a block of points is turned into, kept for the way back.
struct Block {
  alignas(64) float inputs[ROWS][INPUTS];
  alignas(64) float hidden[ROWS][HIDDEN];
};

struct Values {
  float* distance;  // (K, N)
  float* features;  // (N, OUTPUTS - 1) at the first offset, or null
  Block* blocks;    // (⌈N / ROWS⌉, K) kept for the way back; may be null where K = 1
};

struct ValueCotangent {
  const float* distance;  // (K, N)
  const float* features;  // (N, OUTPUTS - 1), or null
  const Block* blocks;    // as the values left them
};

constexpr int64_t PIECE = 32;           // blocks that a thread looks up at once
constexpr int64_t MOST_AT_ONCE = 1024;  // blocks times taps that are encoded together

inline void write_features(const Network& net, const Block& block, int count, float* features) {
  alignas(64) float out[ROWS][OUTPUT_COLUMNS];
  multiply(block.hidden[0], HIDDEN, HIDDEN, net.second_by_hidden[0], OUTPUT_COLUMNS,
           OUTPUTS, out[0]);
  for (int r = 0; r < count; ++r) {
    for (int o = 1; o < OUTPUTS; ++o) {
      features[r * (OUTPUTS - 1) + o - 1] = out[r][o] + net.second_bias[o];
    }
  }
}

// Cotangents of all outputs, one row a point; zeros where there is no point.
inline void outputs_of(const ValueCotangent& by, const float* distance, int64_t first, int count,
                bool with_features, float rows[ROWS][OUTPUTS]) {
  std::memset(rows, 0, sizeof(float) * ROWS * OUTPUTS);
  for (int r = 0; r < count; ++r) {
    rows[r][0] = distance[r];
    if (!with_features) continue;
    std::memcpy(rows[r] + 1, by.features + (first + r) * (OUTPUTS - 1),
                sizeof(float) * (OUTPUTS - 1));
  }
}

// From the outputs' cotangents to those of the encoded inputs, for one block and tap.
inline void pull_back(const Network& net, const Block& block, const float outputs[ROWS][OUTPUTS],
               int depth, WeightGradient& total, float encoded[ROWS][INPUTS]) {
  alignas(64) float by_hidden[ROWS][HIDDEN];
  multiply(outputs[0], OUTPUTS, depth, net.second[0], HIDDEN, HIDDEN, by_hidden[0]);
  for (int i = 0; i < ROWS * HIDDEN; i += TOGETHER * LANES) {
    Reals slope[TOGETHER], by[TOGETHER];
    load(block.hidden[0] + i, slope);
    softplus_slope(slope);
    load(by_hidden[0] + i, by);
    for (int n = 0; n < TOGETHER; ++n) by[n] *= slope[n];
    store(by_hidden[0] + i, by);
  }
  add_outer(outputs[0], OUTPUTS, depth, block.hidden[0], HIDDEN, total.second[0]);
  for (int o = 0; o < depth; ++o) {
    float bias = 0.0f;
    for (int r = 0; r < ROWS; ++r) bias += outputs[r][o];
    total.second_bias[o] += bias;
  }
  add_outer(block.inputs[0], INPUTS, net.inputs, by_hidden[0], HIDDEN, total.first[0]);
  multiply(by_hidden[0], HIDDEN, HIDDEN, net.by_hidden[0], INPUTS, net.inputs, encoded[0]);
}

inline void place_corners(const Level& level, const Place& point, Entries& at,
                          PairWeights& weights) {
  const Cell cell = cell_of(level, point);
  store_entries(cell, at);
  Weights weight;
  trilinear(cell.within, weight);
  weights.hold(weight);
}

// What a level of the grid says of the points of blocks begin ... end at all offsets. All
// taps of a few points come before the next points: they share entries, which then lie
// near.
// encoded : (end - begin, K, ROWS, FEATURES).
template <bool NEIGHBOURS>
inline void gather(const float* table, const Level& level, const Question& question,
                   int64_t begin, int64_t end, float* encoded) {
  Entries at;
  PairWeights weights;
  for (int64_t b = begin; b < end; ++b, encoded += question.taps * ROWS * FEATURES) {
    const Points points = points_of(question, b);
    for (int first = 0; first < points.count; first += LANES) {
      const Place tile = points.tile(first);
      float* to = encoded + first * FEATURES;
      for (int64_t k = 0; k < question.taps; ++k, to += ROWS * FEATURES) {
        place_corners(level, tile.shifted(question.offsets + 3 * k), at, weights);
        UNROLL
        for (int lane = 0; lane < LANES; ++lane) {
          const Gathered entries(table, NEIGHBOURS, at, lane);
          store_entry(to + lane * FEATURES, entries.weighted(weights, lane));
        }
      }
    }
  }
}

// Rows that enter the hidden layer, of a block at one offset. encoded : (LEVELS, ...,
// ROWS, FEATURES), `level_stride` numbers from level to level.
inline void fill_rows(const Network& net, const Points& points, const float offset[3],
                      const float* encoded, int64_t level_stride,
                      float rows[ROWS][INPUTS]) {
  begin_rows(points, offset, rows);
  for (int l = 0; l < net.active; ++l, encoded += level_stride) {
    for (int r = 0; r < points.count; ++r) {
      std::memcpy(rows[r] + GRID + l * FEATURES, encoded + r * FEATURES,
                  FEATURES * sizeof(float));
    }
  }
}

// encoded : (blocks, K, ROWS, FEATURES) of one level; gradient : by its entries, added to.
inline void scatter(const Level& level, const Question& question, const float* encoded,
                    float* gradient) {
  Entries at;
  PairWeights weights;
  for (int64_t b = 0; b < blocks_of(question); ++b) {
    const Points points = points_of(question, b);
    for (int first = 0; first < points.count; first += LANES) {
      const Place tile = points.tile(first);
      const int lanes = std::min(LANES, points.count - first);
      for (int64_t k = 0; k < question.taps; ++k) {
        place_corners(level, tile.shifted(question.offsets + 3 * k), at, weights);
        const float* parts =
            encoded + ((b * question.taps + k) * ROWS + first) * FEATURES;
        const auto add = [&](int lane) {
          const Entry by_feature = load_entry(parts + lane * FEATURES);
          spread(gradient, at, lane,
                 [&](int pair) { return by_feature * weights.of(pair, lane); });
        };
        if (lanes < LANES) {
          for (int lane = 0; lane < lanes; ++lane) add(lane);
          continue;
        }
        UNROLL
        for (int lane = 0; lane < LANES; ++lane) add(lane);
      }
    }
  }
}

// Blocks begin ... end of a question.
inline void values_of_some(const Network& net, const Question& question, int64_t begin,
                           int64_t end, float* encoded, const Values& to) {
  const int64_t taps = question.taps, block_stride = ROWS * FEATURES;
  const int64_t level_stride = (end - begin) * taps * block_stride;
  const int64_t pieces = (end - begin + PIECE - 1) / PIECE;
  // Level by level: the entries of one stay in the processor's own memory, those of all
  // would not. The finest first, as they take longest.
  parallel(net.active * pieces, [&](int64_t i) {
    const int l = int(net.active - 1 - i / pieces);
    const int64_t first = begin + i % pieces * PIECE;
    const int64_t last = std::min(first + PIECE, end);
    const Level& level = net.levels[l];
    float* own = encoded + l * level_stride + (first - begin) * taps * block_stride;
    const auto look = level.mask ? gather<false> : gather<true>;
    look(level_of(net.table, level), level, question, first, last, own);
  });
  parallel(end - begin, [&](int64_t i) {
    const int64_t b = begin + i;
    Block scratch;
    Block* blocks = to.blocks ? to.blocks + b * taps : &scratch;
    const Points points = points_of(question, b);
    for (int64_t k = 0; k < taps; ++k) {
      fill_rows(net, points, question.offsets + 3 * k,
                encoded + (i * taps + k) * block_stride, level_stride, blocks[k].inputs);
      activate(net, blocks[k].inputs, blocks[k].hidden);
      float* distance = to.distance + k * question.points + b * ROWS;
      for (int r = 0; r < points.count; ++r) {
        distance[r] = distance_of(net, blocks[k].hidden[r]);
      }
    }
    if (!to.features) return;
    write_features(net, blocks[0], points.count, to.features + b * ROWS * (OUTPUTS - 1));
  });
}

inline void values(const Network& net, const Question& question, const Values& to) {
  static thread_local std::vector<float> encoded;
  const int64_t blocks = blocks_of(question);
  const int64_t most = std::max<int64_t>(1, MOST_AT_ONCE / question.taps);
  const int64_t numbers = std::min(most, blocks) * question.taps * ROWS * FEATURES * LEVELS;
  if (int64_t(encoded.size()) < numbers) encoded.resize(numbers);
  for (int64_t b = 0; b < blocks; b += most) {
    values_of_some(net, question, b, std::min(b + most, blocks), encoded.data(), to);
  }
}

inline void differentiate_values(const Network& net, const Question& question,
                                 const ValueCotangent& by, const Gradient& to) {
  const int64_t blocks = blocks_of(question), taps = question.taps;
  const int64_t block_stride = ROWS * FEATURES, level_stride = blocks * taps * block_stride;
  parallel(blocks, [&](int64_t b) {
    std::memset(&to.partial[b], 0, sizeof(WeightGradient));
    alignas(64) float outputs[ROWS][OUTPUTS], encoded[ROWS][INPUTS];
    const int count = points_in(question, b);
    for (int64_t k = 0; k < taps; ++k) {
      const bool with_features = k == 0 && by.features;
      outputs_of(by, by.distance + k * question.points + b * ROWS, b * ROWS, count,
                 with_features, outputs);
      pull_back(net, by.blocks[b * taps + k], outputs, with_features ? OUTPUTS : 1,
                to.partial[b], encoded);
      keep_encoded(net, encoded, count, to.encoded + (b * taps + k) * block_stride,
                   level_stride, FEATURES);
    }
  });
  // A level's entries are written by one thread, point after point. The finest first:
  // they take longest.
  parallel(to.table ? net.active : 0, [&](int64_t i) {
    const int l = int(net.active - 1 - i);
    const Level& level = net.levels[l];
    scatter(level, question, to.encoded + l * level_stride,
            level_of(to.table, level));
  });
}
