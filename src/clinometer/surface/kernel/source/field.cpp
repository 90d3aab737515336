// Signed distances, features and their gradients, for blocks of points on all threads.
//
// Each block is computed by one thread from beginning to end, and sums over blocks are
// formed in the order of the blocks: results do not depend on the number of threads.

#include <algorithm>
#include <memory>

#include "network.h"
#include "pool.h"

namespace {

// What is asked: N points, at each of K offsets; the layout is that of library.py.
struct Question {
  const float* x;        // (N, 3)
  const float* offsets;  // (K, 3)
  int64_t points;        // N
  int64_t taps;          // K
};

struct Answer {
  float* distance;  // (K, N)
  float* features;  // (N, OUTPUTS - 1) at the first offset, or null
  Block* blocks;    // (K * ⌈N / ROWS⌉) kept for the way back, or null
};

struct Cotangent {
  const float* distance;  // (K, N)
  const float* features;  // (N, OUTPUTS - 1), or null
  const Block* blocks;    // as the answer left them
};

// Gradients, which are added to what is there; scratch: K * ⌈N / ROWS⌉ of each.
struct Gradient {
  float* table;  // or null, where it is not wanted
  float* first;
  float* first_bias;
  float* second;
  float* second_bias;
  float* encoded;           // scratch: LEVELS * ROWS * FEATURES a block
  WeightGradient* partial;  // scratch: one a block of points, for all of its taps
};

int64_t blocks_of(const Question& question) { return (question.points + ROWS - 1) / ROWS; }

Points points_of(const Question& question, int64_t block, int64_t tap) {
  const int64_t first = block * ROWS;
  return Points(question.x + 3 * first, std::min<int64_t>(ROWS, question.points - first),
                question.offsets + 3 * tap);
}

void write_features(const Network& net, const Block& block, int count, float* features) {
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
void outputs_of(const Cotangent& by, const float* distance, int64_t first, int count,
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
void pull_back(const Network& net, const Block& block, const float outputs[ROWS][OUTPUTS],
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

// Level by level, so that scattering reads one stream.
void keep_encoded(const Network& net, const float encoded[ROWS][INPUTS], int count,
                  float* to, int64_t level_stride) {
  for (int l = 0; l < net.active; ++l, to += level_stride) {
    for (int r = 0; r < count; ++r) {
      store_entry(to + r * FEATURES, load_entry(encoded[r] + GRID + l * FEATURES));
    }
  }
}

void scatter(const Network& net, const Question& question, int l, const float* encoded,
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

void add_partials(const WeightGradient* partial, int64_t blocks, const Gradient& to) {
  parallel(HIDDEN, [&](int64_t h) {
    for (int i = 0; i < GRID + LEVELS * FEATURES; ++i) {
      float total = 0.0f;
      for (int64_t b = 0; b < blocks; ++b) total += partial[b].first[i][h];
      if (i == 3) to.first_bias[h] += total;
      if (i != 3) to.first[h * FIRST_COLUMNS + column_of(i)] += total;
    }
    for (int o = 0; o < OUTPUTS; ++o) {
      float total = 0.0f;
      for (int64_t b = 0; b < blocks; ++b) total += partial[b].second[o][h];
      to.second[o * HIDDEN + h] += total;
    }
  });
  for (int o = 0; o < OUTPUTS; ++o) {
    float total = 0.0f;
    for (int64_t b = 0; b < blocks; ++b) total += partial[b].second_bias[o];
    to.second_bias[o] += total;
  }
}

}  // namespace

extern "C" {

// Bytes of one block as it is kept, and of one sum of weight gradients; points a block.
int64_t block_bytes() { return sizeof(Block); }
int64_t partial_bytes() { return sizeof(WeightGradient); }
int64_t block_points() { return ROWS; }

void use_threads(int64_t threads) { pool()->resize(int(threads)); }

void evaluate(const Parameters* parameters, const Question* question, const Answer* to) {
  const auto net = std::make_unique<const Network>(*parameters);
  parallel(blocks_of(*question), [&](int64_t b) {
    Block scratch;
    for (int64_t k = 0; k < question->taps; ++k) {
      Block& block = to->blocks ? to->blocks[b * question->taps + k] : scratch;
      const Points points = points_of(*question, b, k);
      encode(*net, points, block);
      activate(*net, block);
      float* distance = to->distance + k * question->points + b * ROWS;
      for (int r = 0; r < points.count; ++r) {
        distance[r] = distance_of(*net, block.hidden[r]);
      }
      if (k > 0 || !to->features) continue;
      write_features(*net, block, points.count,
                     to->features + b * ROWS * (OUTPUTS - 1));
    }
  });
}

void differentiate(const Parameters* parameters, const Question* question,
                   const Cotangent* by, const Gradient* to) {
  const auto net = std::make_unique<const Network>(*parameters);
  const int64_t blocks = blocks_of(*question), taps = question->taps;
  const int64_t level_stride = blocks * taps * ROWS * FEATURES;
  parallel(blocks, [&](int64_t b) {
    std::memset(&to->partial[b], 0, sizeof(WeightGradient));
    alignas(64) float outputs[ROWS][OUTPUTS], encoded[ROWS][INPUTS];
    for (int64_t k = 0; k < taps; ++k) {
      const bool with_features = k == 0 && by->features;
      const int64_t first = b * ROWS;
      const int count = int(std::min<int64_t>(ROWS, question->points - first));
      outputs_of(*by, by->distance + k * question->points + first, first, count,
                 with_features, outputs);
      pull_back(*net, by->blocks[b * taps + k], outputs, with_features ? OUTPUTS : 1,
                to->partial[b], encoded);
      keep_encoded(*net, encoded, count, to->encoded + (b * taps + k) * ROWS * FEATURES,
                   level_stride);
    }
  });
  // A level's entries are written by one thread, point after point. The finest first:
  // they take longest.
  parallel(to->table ? net->active : 0, [&](int64_t i) {
    const int l = int(net->active - 1 - i);
    scatter(*net, *question, l, to->encoded + l * level_stride, to->table);
  });
  add_partials(to->partial, blocks, *to);
}

}  // extern "C"
