// Adam for the table. Numbers whose gradient is exactly 0 are left alone, and so are the
// mean and the square that are kept of it. As `plain_step` of adam.py, which is the
// specification.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "pool.h"

// The layout is that of library.py.
struct Adam {
  float* value;
  float* gradient;  // becomes 0
  float* mean;
  float* square;
  int64_t numbers;  // a multiple of 16, the first of the table
  float mean_decay, square_decay;
  float rate;          // over 1 - mean_decay^steps
  float square_scale;  // 1 / (1 - square_decay^steps)
  float least;         // added to the root of the square
};

constexpr int ADAM_GROUP = 16;          // numbers that are skipped or done together
constexpr int64_t ADAM_PIECE = 1 << 15;  // numbers that a thread takes at once

inline bool any_nonzero(const float* gradient) {
  uint32_t bits[ADAM_GROUP], seen = 0;
  std::memcpy(bits, gradient, sizeof bits);
  for (int i = 0; i < ADAM_GROUP; ++i) seen |= bits[i] << 1;  // without the sign
  return seen != 0;
}

inline void adam_group(const Adam& adam, int64_t first) {
  float* __restrict__ value = adam.value + first;
  float* __restrict__ gradient = adam.gradient + first;
  float* __restrict__ mean = adam.mean + first;
  float* __restrict__ square = adam.square + first;
  for (int i = 0; i < ADAM_GROUP; ++i) {
    const float g = gradient[i];
    const float m = adam.mean_decay * mean[i] + (1.0f - adam.mean_decay) * g;
    const float s = adam.square_decay * square[i] + (1.0f - adam.square_decay) * g * g;
    const float step =
        adam.rate * m / (std::sqrt(s * adam.square_scale) + adam.least);
    const bool moves = g != 0.0f;  // NaN moves, too: it must be seen
    mean[i] = moves ? m : mean[i];
    square[i] = moves ? s : square[i];
    value[i] = moves ? value[i] - step : value[i];
    gradient[i] = 0.0f;
  }
}

inline void adam_step(const Adam& adam) {
  parallel((adam.numbers + ADAM_PIECE - 1) / ADAM_PIECE, [&](int64_t piece) {
    const int64_t begin = piece * ADAM_PIECE;
    const int64_t end = std::min(begin + ADAM_PIECE, adam.numbers);
    for (int64_t i = begin; i < end; i += ADAM_GROUP) {
      if (any_nonzero(adam.gradient + i)) adam_group(adam, i);
    }
  });
}
