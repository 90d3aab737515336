// Signed distances, features, slopes and their gradients: what Python calls.
//
// Each block of points is computed by one thread from beginning to end, and sums over
// blocks are formed in the order of the blocks: results do not depend on the number of
// threads.

#include <memory>

#include "adam.h"

namespace {

constexpr int ENTERING = GRID + LEVELS * FEATURES;  // the point, the one, the grid

// Adds a row of a weight gradient up over blocks, in their order, and hands the sums of
// hidden unit h to add(h, sum).
template <typename Row, typename Add>
void add_row(int64_t blocks, Row&& row, Add&& add) {
  alignas(64) float sums[HIDDEN] = {};
  for (int64_t b = 0; b < blocks; ++b) {
    for (int h = 0; h < HIDDEN; h += LANES) store(sums + h, load(sums + h) + load(row(b) + h));
  }
  for (int h = 0; h < HIDDEN; ++h) add(h, sums[h]);
}

void add_partials(const WeightGradient* partial, int64_t blocks, const Gradient& to) {
  parallel(ENTERING + OUTPUTS, [&](int64_t row) {
    if (row < ENTERING) {
      const int i = int(row);
      add_row(blocks, [&](int64_t b) { return partial[b].first[i]; },
              [&](int h, float sum) {
                if (i == 3) to.first_bias[h] += sum;
                if (i != 3) to.first[h * FIRST_COLUMNS + column_of(i)] += sum;
              });
    } else {
      const int64_t o = row - ENTERING;
      add_row(blocks, [&](int64_t b) { return partial[b].second[o]; },
              [&](int h, float sum) { to.second[o * HIDDEN + h] += sum; });
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
int64_t slope_block_bytes() { return sizeof(SlopeBlock); }
int64_t partial_bytes() { return sizeof(WeightGradient); }
int64_t block_points() { return ROWS; }

// softplus and its slope of whole vectors, so that their error can be tested.
void softplus_of(const float* z, int64_t numbers, float* value, float* slope) {
  for (int64_t i = 0; i < numbers; i += TOGETHER * LANES) {
    Reals a[TOGETHER];
    load(z + i, a);
    softplus(a);
    store(value + i, a);
    softplus_slope(a);
    store(slope + i, a);
  }
}

void use_threads(int64_t threads) { pool()->resize(int(threads)); }

void field_values(const Parameters* of, const Question* question, const Values* to) {
  const auto net = std::make_unique<const Network>(*of);
  values(*net, *question, *to);
}

void field_values_back(const Parameters* of, const Question* question,
                       const ValueCotangent* by, const Gradient* to) {
  const auto net = std::make_unique<const Network>(*of);
  differentiate_values(*net, *question, *by, *to);
  add_partials(to->partial, blocks_of(*question), *to);
}

void field_slopes(const Parameters* of, const Question* question, const Slopes* to) {
  const auto net = std::make_unique<const Network>(*of);
  slopes(*net, *question, *to);
}

void field_slopes_back(const Parameters* of, const Question* question,
                       const SlopeCotangent* by, const Gradient* to) {
  const auto net = std::make_unique<const Network>(*of);
  differentiate_slopes(*net, *question, *by, *to);
  add_partials(to->partial, blocks_of(*question), *to);
}

void field_adam(const Level* levels, int64_t active, const Owed* owed, int64_t count,
                const Adam* adam) {
  adam_step(levels, active, owed, count, *adam);
}

}  // extern "C"
