// The field's parameters as the kernel reads them, and the sizes of its rows.
#pragma once

#include "corners.h"
#include "rows.h"

// Numbers in a row that enters the hidden layer: the point, a one (its weights are the
// biases), and the features of the grid.
constexpr int GRID = 4;
constexpr int INPUTS = rounded_up(GRID + LEVELS * FEATURES, LANES);
constexpr int OUTPUT_COLUMNS = rounded_up(OUTPUTS, LANES);

static_assert(HIDDEN % LANES == 0, "the hidden layer fills whole vectors");
static_assert(ROWS % LANES == 0 && ROWS % 12 == 0 && ROWS % TOGETHER == 0,
              "blocks hold whole tiles");

// Of the tensors of PlainField, contiguous; the layout is that of library.py.
struct Parameters {
  const float* table;        // (total, FEATURES)
  const float* first;        // (HIDDEN, 3 + LEVELS * FEATURES)
  const float* first_bias;   // (HIDDEN)
  const float* second;       // (OUTPUTS, HIDDEN)
  const float* second_bias;  // (OUTPUTS)
  const Level* levels;       // (LEVELS)
  int64_t active;            // levels that count
};

// Column of the first layer's weights that belongs to an input; none to the one.
inline int column_of(int input) { return input < 3 ? input : input - 1; }

constexpr int FIRST_COLUMNS = 3 + LEVELS * FEATURES;

// Gradients by the weights, of one block or of all.
struct WeightGradient {
  alignas(64) float first[INPUTS][HIDDEN];
  alignas(64) float second[OUTPUTS][HIDDEN];
  float second_bias[OUTPUTS];
};

// The weights in the orders that the products want, padded with zeros.
struct Network {
  explicit Network(const Parameters& from)
      : table(from.table), levels(from.levels), active(from.active) {
    inputs = GRID + active * FEATURES;
    for (int h = 0; h < HIDDEN; ++h) {
      for (int i = 0; i < GRID + LEVELS * FEATURES; ++i) {
        const float weight =
            i == 3 ? from.first_bias[h] : from.first[h * FIRST_COLUMNS + column_of(i)];
        by_input[i][h] = by_hidden[h][i] = weight;
      }
      for (int o = 0; o < OUTPUTS; ++o) {
        second[o][h] = second_by_hidden[h][o] = from.second[o * HIDDEN + h];
      }
    }
    std::memcpy(second_bias, from.second_bias, sizeof second_bias);
  }

  alignas(64) float by_input[INPUTS][HIDDEN] = {};
  alignas(64) float by_hidden[HIDDEN][INPUTS] = {};
  alignas(64) float second[OUTPUTS][HIDDEN] = {};
  alignas(64) float second_by_hidden[HIDDEN][OUTPUT_COLUMNS] = {};
  float second_bias[OUTPUTS];
  const float* table;
  const Level* levels;
  int active, inputs;
};

// Up to ROWS points; missing ones stand at 0.
struct Points {
  Points(const float* x, int points) : count(points) {
    for (int r = 0; r < count; ++r) {
      for (int axis = 0; axis < 3; ++axis) at[axis][r] = x[3 * r + axis];
    }
  }

  Place tile(int first) const {
    return {load(at[0] + first), load(at[1] + first), load(at[2] + first)};
  }

  int tiles() const { return rounded_up(count, LANES) / LANES; }

  alignas(64) float at[3][ROWS] = {};
  int count;
};

// Rows that hold the points, shifted, and zeros for what the grid adds.
inline void begin_rows(const Points& points, const float offset[3],
                       float rows[ROWS][INPUTS]) {
  std::memset(rows, 0, sizeof(float) * ROWS * INPUTS);
  for (int r = 0; r < ROWS; ++r) {
    for (int axis = 0; axis < 3; ++axis) rows[r][axis] = points.at[axis][r] + offset[axis];
    rows[r][3] = 1.0f;
  }
}

inline void activate(const Network& net, const float inputs[ROWS][INPUTS],
                     float hidden[ROWS][HIDDEN]) {
  multiply(inputs[0], INPUTS, net.inputs, net.by_input[0], HIDDEN, HIDDEN, hidden[0]);
  for (int i = 0; i < ROWS * HIDDEN; i += TOGETHER * LANES) {
    Reals z[TOGETHER];
    load(hidden[0] + i, z);
    softplus(z);
    store(hidden[0] + i, z);
  }
}

inline float distance_of(const Network& net, const float* hidden) {
  Reals total{};
  for (int h = 0; h < HIDDEN; h += LANES) {
    total += load(hidden + h) * load(net.second[0] + h);
  }
  return sum(total) + net.second_bias[0];
}
