// Products of small matrices: rows of points times weights that all of them share.
//
// A block holds ROWS points, one row each. Sums stay in 12 registers, over few rows and
// up to 4 vectors of columns at a time.
#pragma once

#include "lanes.h"

constexpr int ROWS = 48;  // a multiple of 12 and of LANES

// Adds the products of HEIGHT numbers and WIDTH vectors to as many sums. Of the two, the
// fewer are held in registers: with 12 sums and one more, that makes 16.
template <int HEIGHT, int WIDTH>
inline void add_products(const float* numbers, int step, const float* vectors,
                         Reals (&total)[HEIGHT][WIDTH]) {
  if constexpr (WIDTH <= HEIGHT) {
    Reals held[WIDTH];
    UNROLL
    for (int v = 0; v < WIDTH; ++v) {
      held[v] = load(vectors + v * LANES);
      in_register(held[v]);
    }
    UNROLL
    for (int r = 0; r < HEIGHT; ++r) {
      const Reals number = all(numbers[r * step]);
      UNROLL
      for (int v = 0; v < WIDTH; ++v) total[r][v] += number * held[v];
    }
  } else {
    Reals held[HEIGHT];
    UNROLL
    for (int r = 0; r < HEIGHT; ++r) held[r] = all(numbers[r * step]);
    UNROLL
    for (int v = 0; v < WIDTH; ++v) {
      Reals vector = load(vectors + v * LANES);
      in_register(vector);
      UNROLL
      for (int r = 0; r < HEIGHT; ++r) total[r][v] += held[r] * vector;
    }
  }
}

template <int HEIGHT, int WIDTH>
inline void multiply_tile(const float* rows, int stride, const float* matrix, int columns,
                          int depth, float* out) {
  Reals total[HEIGHT][WIDTH] = {};
  for (int i = 0; i < depth; ++i) {
    add_products<HEIGHT, WIDTH>(rows + i, stride, matrix + i * columns, total);
  }
  UNROLL
  for (int r = 0; r < HEIGHT; ++r) {
    UNROLL
    for (int v = 0; v < WIDTH; ++v) store(out + r * columns + v * LANES, total[r][v]);
  }
}

template <int WIDTH>
inline void multiply_columns(const float* rows, int stride, const float* matrix,
                             int columns, int depth, float* out) {
  constexpr int HEIGHT = 12 / WIDTH;
  for (int r = 0; r < ROWS; r += HEIGHT) {
    multiply_tile<HEIGHT, WIDTH>(rows + r * stride, stride, matrix, columns, depth,
                                 out + r * columns);
  }
}

// out[ROWS][columns] = rows[ROWS][0 ... depth] matrix[depth][columns].
// stride : numbers in a row of rows. columns : a multiple of LANES; only the first `used`
// of them, rounded up to LANES, are computed.
inline void multiply(const float* rows, int stride, int depth, const float* matrix,
                     int columns, int used, float* out) {
  int left = rounded_up(used, LANES) / LANES;
  for (; left >= 4; left -= 4, matrix += 4 * LANES, out += 4 * LANES) {
    multiply_columns<4>(rows, stride, matrix, columns, depth, out);
  }
  if (left == 3) multiply_columns<3>(rows, stride, matrix, columns, depth, out);
  if (left == 2) multiply_columns<2>(rows, stride, matrix, columns, depth, out);
  if (left == 1) multiply_columns<1>(rows, stride, matrix, columns, depth, out);
}

template <int DEPTH, int WIDTH>
inline void outer_tile(const float* rows, int stride, const float* others, int columns,
                       float* total) {
  Reals sums[DEPTH][WIDTH];
  UNROLL
  for (int i = 0; i < DEPTH; ++i) {
    UNROLL
    for (int v = 0; v < WIDTH; ++v) sums[i][v] = load(total + i * columns + v * LANES);
  }
  for (int r = 0; r < ROWS; ++r) {
    add_products<DEPTH, WIDTH>(rows + r * stride, 1, others + r * columns, sums);
  }
  UNROLL
  for (int i = 0; i < DEPTH; ++i) {
    UNROLL
    for (int v = 0; v < WIDTH; ++v) store(total + i * columns + v * LANES, sums[i][v]);
  }
}

template <int WIDTH>
inline void outer_columns(const float* rows, int stride, int depth, const float* others,
                          int columns, float* total) {
  constexpr int DEPTH = 12 / WIDTH;
  int i = 0;
  for (; i + DEPTH <= depth; i += DEPTH) {
    outer_tile<DEPTH, WIDTH>(rows + i, stride, others, columns, total + i * columns);
  }
  for (; i < depth; ++i) {
    outer_tile<1, WIDTH>(rows + i, stride, others, columns, total + i * columns);
  }
}

// total[depth][columns] += Σ over ROWS of rows[.][depth] others[.][columns], the gradient
// by the matrix of `multiply`. columns : a multiple of LANES.
inline void add_outer(const float* rows, int stride, int depth, const float* others,
                      int columns, float* total) {
  int left = columns / LANES;
  for (; left >= 4; left -= 4, others += 4 * LANES, total += 4 * LANES) {
    outer_columns<4>(rows, stride, depth, others, columns, total);
  }
  if (left == 3) outer_columns<3>(rows, stride, depth, others, columns, total);
  if (left == 2) outer_columns<2>(rows, stride, depth, others, columns, total);
  if (left == 1) outer_columns<1>(rows, stride, depth, others, columns, total);
}
