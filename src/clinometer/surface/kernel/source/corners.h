// Reading from and adding to the entries at the corners of cells, lane by lane: where most
// of the time goes.
//
// Corners are held as four pairs that differ in x. With two numbers in an entry a pair
// fills a vector of four, and costs one multiplication.
#pragma once

#include "grid.h"

// Pairs of neighbouring entries as they are summed: a vector of four, (x0, y0, x1, y1),
// or, where an entry has four numbers and more, one entry after the other.
#if FEATURES == 2
constexpr int WIDE = 4;
#else
constexpr int WIDE = FEATURES;
#endif

using Entry = float __attribute__((vector_size(4 * WIDE)));

struct Entries {
  alignas(64) uint32_t entry[8][LANES];
};

inline void store_entries(const Cell& cell, Entries& to) {
  for (int c = 0; c < 8; ++c) {
    std::memcpy(to.entry[c], &cell.corner[c], sizeof cell.corner[c]);
  }
  // So that they are read from there: taking vectors apart costs more.
  asm("" : "+m"(to));
}

#if FEATURES == 2

using Halves = double __attribute__((vector_size(16)));

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#if !defined(SHUFFLE)  // GCC before 12
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Integers{__VA_ARGS__})
#endif

// Four lanes at a time, as the processor does it.
#if defined(SIXTEEN_LANES)
#define FOURS(i, j, k, l) i, j, k, l, i + 4, j + 4, k + 4, l + 4, i + 8, j + 8, k + 8, \
                          l + 8, i + 12, j + 12, k + 12, l + 12
#else
#define FOURS(i, j, k, l) i, j, k, l, i + 4, j + 4, k + 4, l + 4
#endif

// A weight for each corner and lane, as (w0, w0, w1, w1) for the pairs of each lane.
struct PairWeights {
  alignas(64) float pair[4][4][LANES];

  void hold(const Weights weight) {
    for (int p = 0; p < 4; ++p) {
      const Reals a = weight[2 * p], b = weight[2 * p + 1];
      const Reals even = SHUFFLE(a, b, FOURS(0, LANES, 1, LANES + 1));  // a0 b0 a1 b1
      const Reals odd = SHUFFLE(a, b, FOURS(2, LANES + 2, 3, LANES + 3));
      store(pair[p][0], SHUFFLE(even, even, FOURS(0, 0, 1, 1)));
      store(pair[p][1], SHUFFLE(even, even, FOURS(2, 2, 3, 3)));
      store(pair[p][2], SHUFFLE(odd, odd, FOURS(0, 0, 1, 1)));
      store(pair[p][3], SHUFFLE(odd, odd, FOURS(2, 2, 3, 3)));
    }
  }

  Entry of(int p, int lane) const {
    Entry a;
    std::memcpy(&a, pair[p][lane % 4] + lane / 4 * 4, sizeof a);
    return a;
  }
};

inline Entry load_pair(const float* a, const float* b) {
  double first, second;
  std::memcpy(&first, a, sizeof first);
  std::memcpy(&second, b, sizeof second);
  const Halves both = {first, second};
  return (Entry)both;
}

// One entry, twice.
inline Entry load_entry(const float* from) { return load_pair(from, from); }

inline void store_entry(float* to, Entry a) {
  const double first = ((Halves)a)[0];
  std::memcpy(to, &first, sizeof first);
}

inline Entry both_added(Entry a) {
  const Halves halves = (Halves)a;
  const Halves turned = {halves[1], halves[0]};
  return a + (Entry)turned;
}

// The entries of a lane's cell, with one weight after the other.
struct Gathered {
  Entry pair[4];

  Gathered(const float* table, bool neighbours, const Entries& at, int lane) {
    for (int p = 0; p < 4; ++p) {
      const float* a = table + 2 * size_t(at.entry[2 * p][lane]);
      if (neighbours) {
        std::memcpy(&pair[p], a, sizeof pair[p]);
      } else {
        pair[p] = load_pair(a, table + 2 * size_t(at.entry[2 * p + 1][lane]));
      }
    }
  }

  Entry weighted(const PairWeights& weights, int lane) const {
    Entry total = pair[0] * weights.of(0, lane);
    for (int p = 1; p < 4; ++p) total += pair[p] * weights.of(p, lane);
    return both_added(total);
  }
};

// Adds to the entries of a lane's cell what change(pair) says.
template <typename Change>
inline void spread(float* table, const Entries& at, int lane, Change&& change) {
  for (int p = 0; p < 4; ++p) {
    float* a = table + 2 * size_t(at.entry[2 * p][lane]);
    float* b = table + 2 * size_t(at.entry[2 * p + 1][lane]);
    const Halves sum = (Halves)(load_pair(a, b) + change(p));
    const double first = sum[0], second = sum[1];
    std::memcpy(a, &first, sizeof first);
    std::memcpy(b, &second, sizeof second);
  }
}

#else

inline Entry load_entry(const float* from) {
  Entry a;
  std::memcpy(&a, from, sizeof a);
  return a;
}

inline void store_entry(float* to, Entry a) { std::memcpy(to, &a, sizeof a); }

// A weight for each corner and lane.
struct PairWeights {
  alignas(64) float corner[8][LANES];

  void hold(const Weights weight) {
    for (int c = 0; c < 8; ++c) store(corner[c], weight[c]);
  }

  Entry of(int c, int lane) const { return corner[c][lane] - Entry{}; }
};

// The entries of a lane's cell, with one weight after the other.
struct Gathered {
  Entry corner[8];

  Gathered(const float* table, bool, const Entries& at, int lane) {
    for (int c = 0; c < 8; ++c) {
      corner[c] = load_entry(table + FEATURES * size_t(at.entry[c][lane]));
    }
  }

  Entry weighted(const PairWeights& weights, int lane) const {
    Entry total = corner[0] * weights.of(0, lane);
    for (int c = 1; c < 8; ++c) total += corner[c] * weights.of(c, lane);
    return total;
  }
};

// Adds to the entries of a lane's cell what change(corner) says.
template <typename Change>
inline void spread(float* table, const Entries& at, int lane, Change&& change) {
  for (int c = 0; c < 8; ++c) {
    float* entry = table + FEATURES * size_t(at.entry[c][lane]);
    store_entry(entry, load_entry(entry) + change(c));
  }
}

#endif

// What one level of the table is for the loops over it. The compiler must not see how the
// pointer was made, or it adds the level's beginning to every index anew.
template <typename Number>
inline Number* level_of(Number* table, const Level& level) {
  Number* begin = table + level.start * FEATURES;
  asm("" : "+r"(begin));
  return begin;
}
