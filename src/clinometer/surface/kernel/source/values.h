// Distances and features of points, at any offsets, and their gradients.
#pragma once

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

// All taps of a few points come before the next points: they share entries, which then
// lie near.
template <bool NEIGHBOURS>
inline void encode_level(const float* table, const Level& level, int l,
                         const Points& points, const Question& question, Block* blocks) {
  Entries at;
  PairWeights weights;
  for (int first = 0; first < points.tiles() * LANES; first += LANES) {
    const Place tile = points.tile(first);
    for (int64_t k = 0; k < question.taps; ++k) {
      place_corners(level, tile.shifted(question.offsets + 3 * k), at, weights);
      float* row = &blocks[k].inputs[first][GRID + l * FEATURES];
      UNROLL
      for (int lane = 0; lane < LANES; ++lane) {
        const Gathered entries(table, NEIGHBOURS, at, lane);
        store_entry(row + lane * INPUTS, entries.weighted(weights, lane));
      }
    }
  }
}

// The rows that enter the hidden layer, of a block of points at all offsets.
inline void encode(const Network& net, const Points& points, const Question& question,
                   Block* blocks) {
  for (int64_t k = 0; k < question.taps; ++k) {
    begin_rows(points, question.offsets + 3 * k, blocks[k].inputs);
  }
  for (int l = 0; l < net.active; ++l) {
    const Level& level = net.levels[l];
    if (level.mask == 0) {
      encode_level<true>(level_of(net.table, level), level, l, points, question, blocks);
    } else {
      encode_level<false>(level_of(net.table, level), level, l, points, question, blocks);
    }
  }
}

// encoded : (blocks, K, ROWS, FEATURES) of one level.
inline void scatter(const Network& net, const Question& question, int l,
                    const float* encoded, float* table) {
  const Level& level = net.levels[l];
  float* gradient = level_of(table, level);
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

inline void values(const Network& net, const Question& question, const Values& to) {
  parallel(blocks_of(question), [&](int64_t b) {
    Block scratch;
    Block* blocks = to.blocks ? to.blocks + b * question.taps : &scratch;
    const Points points = points_of(question, b);
    encode(net, points, question, blocks);
    for (int64_t k = 0; k < question.taps; ++k) {
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
    scatter(net, question, l, to.encoded + l * level_stride, to.table);
  });
}
