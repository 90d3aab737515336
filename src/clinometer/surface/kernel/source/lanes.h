// Vectors of floats, as GCC and Clang know them, and the few functions of them that are
// needed. Compiled for the machine at hand: 8 lanes, or 16 where there is AVX-512.
#pragma once

#include <cstdint>
#include <cstring>

// Sizes of the field. Fixed when compiled, so that loops unroll and sums stay in
// registers.
#if !defined(LEVELS) || !defined(FEATURES) || !defined(HIDDEN) || !defined(OUTPUTS)
#error "compile with -DLEVELS=10 -DFEATURES=2 -DHIDDEN=32 -DOUTPUTS=16"
#endif

#if defined(__AVX512F__) && HIDDEN % 16 == 0
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

// Sum of all lanes, always in the same order.
inline float sum(Reals a) {
  UNROLL
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) a[lane] += a[lane + half];
  }
  return a[0];
}

// exp(t) for t <= 0, to 2e-7 of its value; below -87 it is exp(-87), 1.6e-38. NaN stays.
// t = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for exp(r): the nearest of degree
// 5 by Chebyshev nodes, 8e-8.
inline Reals exp_negative(Reals t) {
  const Reals least = all(-87.0f);
  t = t < least ? least : t;
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  const Reals rounder = all(12582912.0f);
  const Reals shifted = t * all(1.44269504f) + rounder;
  const Reals n = shifted - rounder;
  // ln 2 in two parts: n times the first, of few digits, is exact.
  Reals r = t - n * all(0.693359375f);
  r = r + n * all(2.12194440e-4f);
  Reals p = all(0.008369148491f);
  p = p * r + all(0.04191750725f);
  p = p * r + all(0.1666650526f);
  p = p * r + all(0.4999886938f);
  p = p * r + all(1.000000011f);
  p = p * r + all(1.000000075f);
  const Integers exponent = (bits(shifted) - bits(rounder)) + 127;
  return p * real(exponent << 23);
}

// log(1 + e) for 0 <= e <= 1, to 1e-7 of its value: e times a polynomial of degree 8.
inline Reals log_one_plus(Reals e) {
  Reals p = all(0.005126102141f);
  p = p * e + all(-0.02907406468f);
  p = p * e + all(0.07751608674f);
  p = p * e + all(-0.1360224762f);
  p = p * e + all(0.1907688074f);
  p = p * e + all(-0.2483539899f);
  p = p * e + all(0.3331812171f);
  p = p * e + all(-0.4999944498f);
  p = p * e + all(0.9999999659f);
  return e * p;
}

// SHARPNESS of field.py.
constexpr float SHARPNESS = 100.0f;

// softplus(z) = log(1 + exp(SHARPNESS z)) / SHARPNESS.
inline Reals softplus(Reals z) {
  const Reals t = z * all(SHARPNESS);
  const Reals zero{};
  const Reals size = t < zero ? -t : t;
  const Reals rectified = t < zero ? zero : t;
  return (rectified + log_one_plus(exp_negative(-size))) * all(1.0f / SHARPNESS);
}

// Its slope, from its value a: 1 - exp(-SHARPNESS a).
inline Reals softplus_slope(Reals a) {
  return all(1.0f) - exp_negative(a * all(-SHARPNESS));
}
