// Adam for the table. Numbers whose gradient is exactly 0 are left alone, and so are the
// mean and the square that are kept of it. As `plain_step` of adam.py, which is the
// specification.
#pragma once

#include <vector>

#include "slopes.h"
#include "values.h"

// The layout is that of library.py.
struct Adam {
  float* value;
  float* gradient;  // becomes 0; or null, where all of it is owed
  float* mean;
  float* square;
  float mean_decay, mean_gain, square_decay, square_gain;  // gain : 1 - decay
  float rate;          // over 1 - mean_decay^steps
  float square_scale;  // 1 / (1 - square_decay^steps)
  float least;         // added to the root of the square
};

// Moves numbers from `first` on, whose gradients these are.
inline void move(const Adam& adam, int64_t first, Reals gradient) {
  const Reals mean = load(adam.mean + first), square = load(adam.square + first);
  const Reals value = load(adam.value + first);
  const Reals m = all(adam.mean_decay) * mean + all(adam.mean_gain) * gradient;
  const Reals s = all(adam.square_decay) * square + all(adam.square_gain) * gradient * gradient;
  const Reals size = root(s * all(adam.square_scale)) + all(adam.least);
  const auto moves = gradient != Reals{};  // NaN moves, too: it must be seen
  store(adam.mean + first, moves ? m : mean);
  store(adam.square + first, moves ? s : square);
  store(adam.value + first, moves ? value - all(adam.rate) * m / size : value);
}

// Moves numbers from `first` on; gradients become 0.
inline void move_all(const Adam& adam, int64_t first, int64_t numbers, float* gradient) {
  for (int64_t n = 0; n < numbers; n += LANES) {
    const Reals own = load(gradient + n);
    if (!negative_lanes(own != Reals{})) continue;
    move(adam, first + n, own);
    store(gradient + n, Reals{});
  }
}

// Part of the table's gradient that the way back has left: what the grid's features of
// some points are to be changed by, not yet added to the entries.
struct Owed {
  Question question;
  const float* slope;    // (N, 3) cotangents, where it comes from slopes; else null
  const float* encoded;  // as `differentiate_values` or `differentiate_slopes` left it
  int64_t active;        // levels that counted then

  void add(const Level& level, int l, float* gradient) const {
    if (l >= active) return;
    const int64_t parts = slope ? 2 : question.taps;
    const float* own = encoded + l * blocks_of(question) * parts * ROWS * FEATURES;
    if (slope) {
      scatter_slopes(level, question, slope, own, gradient);
    } else {
      scatter(level, question, own, gradient);
    }
  }
};

// A level is added up and moved while its gradient, which is nowhere else, is still in the
// processor's own memory. The finest first: they take longest.
inline void adam_step(const Level* levels, int64_t active, const Owed* owed, int64_t count,
                      const Adam& adam) {
  parallel(active, [&](int64_t i) {
    const int l = int(active - 1 - i);
    const Level& level = levels[l];
    const int64_t first = level.start * FEATURES, numbers = level.entries * FEATURES;
    static thread_local std::vector<float> own;  // zeros, between levels
    if (!adam.gradient && int64_t(own.size()) < numbers) own.resize(numbers);
    float* gradient = adam.gradient ? level_of(adam.gradient, level) : own.data();
    for (int64_t o = 0; o < count; ++o) owed[o].add(level, l, gradient);
    move_all(adam, first, numbers, gradient);
  });
}
