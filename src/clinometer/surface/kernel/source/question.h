// What Python asks of the kernel and where the answers go. All layouts are those of
// library.py; all arrays are contiguous.
#pragma once

#include <algorithm>

#include "network.h"

// N points, at each of K offsets.
struct Question {
  const float* x;        // (N, 3)
  const float* offsets;  // (K, 3)
  int64_t points;        // N
  int64_t taps;          // K
};

// Gradients, which are added to what is there, and memory for what lies in between.
struct Gradient {
  float* table;  // or null, where it is not wanted, or later: `Owed`
  float* first;
  float* first_bias;
  float* second;
  float* second_bias;
  float* encoded;           // scratch: LEVELS * ROWS * FEATURES a block and tap or part
  WeightGradient* partial;  // scratch: one a block of points, for all of its taps
};

inline int64_t blocks_of(const Question& question) {
  return (question.points + ROWS - 1) / ROWS;
}

inline int points_in(const Question& question, int64_t block) {
  return int(std::min<int64_t>(ROWS, question.points - block * ROWS));
}

inline Points points_of(const Question& question, int64_t block) {
  return Points(question.x + 3 * block * ROWS, points_in(question, block));
}

// Writes what the grid's features of a block are to be changed by. Level by level, so
// that scattering reads one stream.
// to : (LEVELS, ..., ROWS, stride); level_stride : numbers from level to level.
inline void keep_encoded(const Network& net, const float encoded[ROWS][INPUTS], int count,
                         float* to, int64_t level_stride, int stride) {
  for (int l = 0; l < net.active; ++l, to += level_stride) {
    for (int r = 0; r < count; ++r) {
      store_entry(to + r * stride, load_entry(encoded[r] + GRID + l * FEATURES));
    }
  }
}
