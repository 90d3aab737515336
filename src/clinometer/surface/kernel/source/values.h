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
  Block* blocks;    // (K * ⌈N / ROWS⌉) kept for the way back, or null
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
  for (int i = 0; i < ROWS * HIDDEN; i += LANES) {
    const Reals slope = softplus_slope(load(block.hidden[0] + i));
    store(by_hidden[0] + i, load(by_hidden[0] + i) * slope);
  }
  add_outer(outputs[0], OUTPUTS, depth, block.hidden[0], HIDDEN, total.second[0]);
  for (int r = 0; r < ROWS; ++r) {
    for (int o = 0; o < depth; ++o) total.second_bias[o] += outputs[r][o];
  }
  add_outer(block.inputs[0], INPUTS, net.inputs, by_hidden[0], HIDDEN, total.first[0]);
  multiply(by_hidden[0], HIDDEN, HIDDEN, net.by_hidden[0], INPUTS, net.inputs, encoded[0]);
}

inline void scatter(const Network& net, const Question& question, int l, const float* encoded,
             float* table) {
  const Level& level = net.levels[l];
  float* gradient = table + level.start * FEATURES;
  Corners corners;
  for (int64_t b = 0; b < blocks_of(question); ++b) {
    for (int64_t k = 0; k < question.taps; ++k, encoded += ROWS * FEATURES) {
      const Points points = points_of(question, b, k);
      for (int first = 0; first < points.count; first += LANES) {
        corners_of(level, points.tile(first), corners);
        const int lanes = std::min(LANES, points.count - first);
        for (int lane = 0; lane < lanes; ++lane) {
          spread(gradient, corners, lane, load_entry(encoded + (first + lane) * FEATURES));
        }
      }
    }
  }
}

inline void values(const Network& net, const Question& question, const Values& to) {
  parallel(blocks_of(question), [&](int64_t b) {
    Block scratch;
    for (int64_t k = 0; k < question.taps; ++k) {
      Block& block = to.blocks ? to.blocks[b * question.taps + k] : scratch;
      const Points points = points_of(question, b, k);
      encode(net, points, block.inputs);
      activate(net, block.inputs, block.hidden);
      float* distance = to.distance + k * question.points + b * ROWS;
      for (int r = 0; r < points.count; ++r) {
        distance[r] = distance_of(net, block.hidden[r]);
      }
      if (k > 0 || !to.features) continue;
      write_features(net, block, points.count, to.features + b * ROWS * (OUTPUTS - 1));
    }
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
