// Vectors of floats, as GCC and Clang know them, and the few functions of them that are
// needed. Compiled for the machine at hand: 8 lanes, or 16 where there is AVX-512.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX__)
#include <immintrin.h>
#endif

// Sizes of the field. Fixed when compiled, so that loops unroll and sums stay in
// registers.
#if !defined(LEVELS) || !defined(FEATURES) || !defined(HIDDEN) || !defined(OUTPUTS)
#error "compile with -DLEVELS=10 -DFEATURES=2 -DHIDDEN=32 -DOUTPUTS=16"
#endif

#if defined(__AVX512F__) && HIDDEN % 16 == 0
#define SIXTEEN_LANES  // also by hand, to test them on a processor without AVX-512
#endif

#if defined(SIXTEEN_LANES)
constexpr int LANES = 16;
#else
constexpr int LANES = 8;
#endif

// Before a loop of constant length whose arrays must live in registers.
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

constexpr int rounded_up(int n, int step) { return (n + step - 1) / step * step; }

using Reals = float __attribute__((vector_size(4 * LANES)));
using Integers = int32_t __attribute__((vector_size(4 * LANES)));
using Words = uint32_t __attribute__((vector_size(4 * LANES)));

inline Reals all(float a) { return a - Reals{}; }
inline Words all(uint32_t a) { return a - Words{}; }

inline Reals load(const float* from) {
  Reals a;
  std::memcpy(&a, from, sizeof a);
  return a;
}

inline void store(float* to, Reals a) { std::memcpy(to, &a, sizeof a); }

inline Integers bits(Reals a) {
  Integers b;
  std::memcpy(&b, &a, sizeof b);
  return b;
}

inline Reals real(Integers a) {
  Reals b;
  std::memcpy(&b, &a, sizeof b);
  return b;
}

// Keeps a vector in a register that is used several times. GCC would rather read it from
// memory each time, and run out of reads.
inline void in_register(Reals& a) {
#if defined(__AVX512F__) || (defined(__AVX__) && !defined(SIXTEEN_LANES))
  asm("" : "+v"(a));
#else
  (void)a;
#endif
}

// Sum of all lanes, always in the same order.
inline float sum(Reals a) {
  UNROLL
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) a[lane] += a[lane + half];
  }
  return a[0];
}

// a > b ? a : b and a < b ? a : b, b where one is NaN: one instruction, which GCC does not
// find by itself.
inline Reals larger(Reals a, Reals b) {
#if defined(SIXTEEN_LANES) && defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif !defined(SIXTEEN_LANES) && defined(__AVX__)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

inline Reals smaller(Reals a, Reals b) {
#if defined(SIXTEEN_LANES) && defined(__AVX512F__)
  return _mm512_min_ps(a, b);
#elif !defined(SIXTEEN_LANES) && defined(__AVX__)
  return _mm256_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}

// A bit for each lane whose number is negative.
inline uint32_t negative_lanes(Integers a) {
#if defined(SIXTEEN_LANES) && defined(__AVX512F__)
  __m512i own;
  std::memcpy(&own, &a, sizeof own);
  return _mm512_cmplt_epi32_mask(own, _mm512_setzero_si512());
#elif !defined(SIXTEEN_LANES) && defined(__AVX__)
  __m256 own;
  std::memcpy(&own, &a, sizeof own);
  return uint32_t(_mm256_movemask_ps(own));
#else
  uint32_t found = 0;
  for (int lane = 0; lane < LANES; ++lane) found |= uint32_t(a[lane] < 0) << lane;
  return found;
#endif
}

inline Reals root(Reals a) {
#if defined(SIXTEEN_LANES) && defined(__AVX512F__)
  return _mm512_sqrt_ps(a);
#elif !defined(SIXTEEN_LANES) && defined(__AVX__)
  return _mm256_sqrt_ps(a);
#else
  for (int lane = 0; lane < LANES; ++lane) a[lane] = std::sqrt(a[lane]);
  return a;
#endif
}

// The functions below take several vectors and go through them step by step together: one
// alone is a chain of thirty operations, each of which waits for the one before.
#define EACH           \
  UNROLL               \
  for (int n = 0; n < COUNT; ++n)

// Replaces p by p * x + c.
template <int COUNT>
inline void next_power(Reals (&p)[COUNT], const Reals (&x)[COUNT], float c) {
  EACH p[n] = p[n] * x[n] + all(c);
}

// Replaces t <= 0 by exp(t), to 2e-7 of its value; below -87 it is exp(-87), 1.6e-38. NaN
// stays.
// t = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for exp(r): the nearest of degree
// 5 by Chebyshev nodes, 8e-8.
template <int COUNT>
inline void exp_negative(Reals (&t)[COUNT]) {
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  const Reals rounder = all(12582912.0f);
  Reals shifted[COUNT], r[COUNT], p[COUNT];
  EACH t[n] = larger(all(-87.0f), t[n]);
  EACH shifted[n] = t[n] * all(1.44269504f) + rounder;
  EACH r[n] = shifted[n] - rounder;
  // ln 2 in two parts: n times the first, of few digits, is exact.
  EACH t[n] = t[n] - r[n] * all(0.693359375f);
  EACH r[n] = t[n] + r[n] * all(2.12194440e-4f);
  EACH p[n] = all(0.008369148491f) * r[n] + all(0.04191750725f);
  next_power(p, r, 0.1666650526f);
  next_power(p, r, 0.4999886938f);
  next_power(p, r, 1.000000011f);
  next_power(p, r, 1.000000075f);
  EACH t[n] = p[n] * real((bits(shifted[n]) - bits(rounder) + 127) << 23);
}

// Replaces 0 <= e <= 1 by log(1 + e), to 1.5e-6 of its value: e times the nearest
// polynomial of degree 6.
template <int COUNT>
inline void log_one_plus(Reals (&e)[COUNT]) {
  Reals p[COUNT];
  EACH p[n] = all(0.01387448451f) * e[n] + all(-0.06559030637f);
  next_power(p, e, 0.1482941343f);
  next_power(p, e, -0.2345452005f);
  next_power(p, e, 0.3309752582f);
  next_power(p, e, -0.4998589943f);
  next_power(p, e, 0.9999985737f);
  EACH e[n] = e[n] * p[n];
}

// SHARPNESS of field.py.
constexpr float SHARPNESS = 100.0f;

// Replaces z by softplus(z) = log(1 + exp(SHARPNESS z)) / SHARPNESS, to 1e-8 + 2e-7 |z|.
template <int COUNT>
inline void softplus(Reals (&z)[COUNT]) {
  const Integers sign = bits(all(-0.0f));
  Reals e[COUNT];
  EACH z[n] = z[n] * all(SHARPNESS);
  EACH e[n] = real(bits(z[n]) | sign);  // -|z|
  exp_negative(e);
  log_one_plus(e);
  EACH z[n] = (larger(z[n], Reals{}) + e[n]) * all(1.0f / SHARPNESS);
}

// Replaces a = softplus(z) by the slope there, 1 - exp(-SHARPNESS a), to 1e-6.
template <int COUNT>
inline void softplus_slope(Reals (&a)[COUNT]) {
  EACH a[n] = a[n] * all(-SHARPNESS);
  exp_negative(a);
  EACH a[n] = all(1.0f) - a[n];
}

// COUNT vectors from memory, and back.
template <int COUNT>
inline void load(const float* from, Reals (&to)[COUNT]) {
  EACH to[n] = load(from + n * LANES);
}

template <int COUNT>
inline void store(float* to, const Reals (&from)[COUNT]) {
  EACH store(to + n * LANES, from[n]);
}

constexpr int TOGETHER = 4;  // vectors that fit the registers
