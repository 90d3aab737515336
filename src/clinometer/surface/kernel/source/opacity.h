// How much each sample of a ray stops, and its gradient: `weights` of opacity.py.
#pragma once

#include <algorithm>
#include <vector>

#include "pool.h"
#include "lanes.h"

constexpr int MOST_SAMPLES = 1024;           // of a ray; library rays.py checks
constexpr int ROW = MOST_SAMPLES + LANES;    // numbers of a ray, with room behind
constexpr int RAYS_AT_ONCE = 32;             // that one thread takes: sums are by these
constexpr float STEEPEST = 1.5f;             // of opacity.py
constexpr float LEAST = 1e-12f;              // what Φ is divided by at least

// Replaces z by Φ = 1 / (1 + exp(-z)); rest becomes 1 - Φ without cancellation.
template <int COUNT>
inline void logistic(Reals (&z)[COUNT], Reals (&rest)[COUNT]) {
  const Integers sign = bits(all(-0.0f));
  Reals e[COUNT];
  EACH e[n] = real(bits(z[n]) | sign);  // -|z|
  exp_negative(e);
  EACH {
    const Reals larger_one = all(1.0f) / (all(1.0f) + e[n]);
    const Reals smaller_one = e[n] * larger_one;
    rest[n] = z[n] > Reals{} ? smaller_one : larger_one;
    z[n] = z[n] > Reals{} ? larger_one : smaller_one;
  }
}

// LANES intervals between samples. first, second : what enters Φ, over the sharpness.
struct Intervals {
  Intervals(const float* distance, const float* t, float sharpness) {
    const Reals before = load(distance), after = load(distance + 1);
    drop = before - after;
    limit = all(STEEPEST) * (load(t + 1) - load(t));
    const Reals fall = smaller(limit, larger(Reals{}, drop));
    const Reals middle = (before + after) * all(0.5f);
    first = middle + fall * all(0.5f);
    second = middle - fall * all(0.5f);
    value[0] = first * all(sharpness);
    value[1] = second * all(sharpness);
    logistic(value, rest);
  }

  // NaN stays NaN: the other operand is returned only where it is the second.
  Reals stopped() const {
    const Reals part = (value[0] - value[1]) / larger(all(LEAST), value[0]);
    return smaller(all(1.0f), larger(Reals{}, part));
  }

  Reals drop, limit, first, second, value[2], rest[2];
};

// A ray's numbers with the last one repeated behind them, so that whole vectors are read.
struct Padded {
  Padded(const float* from, int count) {
    std::memcpy(number, from, sizeof(float) * count);
    pad(number, count);
  }

  static void pad(float* number, int count) {
    for (int i = 0; i < LANES; ++i) number[count + i] = number[count - 1];
  }

  float number[ROW];
};

// stopped : (samples - 1) and room behind. distance, t : padded.
inline void stops(const float* distance, const float* t, int samples, float sharpness,
                  float* stopped) {
  for (int i = 0; i < samples - 1; i += LANES) {
    store(stopped + i, Intervals(distance + i, t + i, sharpness).stopped());
  }
}

// weight : (samples), of what the intervals stop.
inline void weigh(const float* stopped, int samples, float* weight) {
  float reaching = 1.0f, last = 0.0f;
  for (int i = 0; i < samples - 1; ++i) {
    const float half = reaching * stopped[i] * 0.5f;
    weight[i] = half + last;
    last = half;
    reaching *= 1.0f - stopped[i];
  }
  weight[samples - 1] = last;
}

// The layout is that of rays.py.
struct Along {
  const float* distance;  // (R, S)
  const float* t;         // (R, S)
  int64_t rays, samples;
  float sharpness;
};

// Calls body(ray) for all rays, some of them at once on each thread.
template <typename Body>
inline void each_ray(int64_t rays, Body&& body) {
  parallel((rays + RAYS_AT_ONCE - 1) / RAYS_AT_ONCE, [&](int64_t some) {
    const int64_t end = std::min(rays, (some + 1) * RAYS_AT_ONCE);
    for (int64_t ray = some * RAYS_AT_ONCE; ray < end; ++ray) body(ray);
  });
}

inline void weights(const Along& along, float* weight) {
  const int samples = int(along.samples);
  each_ray(along.rays, [&](int64_t ray) {
    const Padded distance(along.distance + ray * samples, samples);
    const Padded t(along.t + ray * samples, samples);
    float stopped[ROW];
    stops(distance.number, t.number, samples, along.sharpness, stopped);
    weigh(stopped, samples, weight + ray * samples);
  });
}

// Of one ray: what its intervals stop, and by what that changes.
struct Slopes {
  Slopes(const float* distance, const float* t, int samples, float sharpness) {
    for (int i = 0; i < samples - 1; i += LANES) {
      const Intervals at(distance + i, t + i, sharpness);
      store(stopped + i, at.stopped());
      // The share is 1 - Φ₁ / Φ₀, and Φ' = Φ (1 - Φ).
      const auto whole = at.value[0] >= all(LEAST);
      const Reals ratio = at.value[1] / at.value[0];
      const Reals first = whole ? ratio : at.value[0] * all(1 / LEAST);
      const Reals second = whole ? ratio : at.value[1] * all(1 / LEAST);
      const Reals by_first = first * at.rest[0], by_second = second * at.rest[1];
      store(by_sharpness + i, by_first * at.first - by_second * at.second);
      store(by_middle + i, (by_first - by_second) * all(sharpness));
      // As autograd has it: a fall that equals its limit counts half.
      const Reals falls = at.drop >= Reals{} ? all(1.0f) : Reals{};
      const Reals fall = larger(Reals{}, at.drop);
      const Reals below = fall < at.limit ? all(1.0f) : Reals{};
      const Reals counts = fall == at.limit ? all(0.5f) : below;
      store(by_drop + i, (by_first + by_second) * all(0.5f * sharpness) * falls * counts);
    }
  }

  float stopped[ROW], by_sharpness[ROW], by_middle[ROW], by_drop[ROW];
};

// Writes the gradient by one ray's distances; returns that by the sharpness.
inline float pull_back(const Slopes& slopes, int samples, const float* by_weight,
                       float* by_distance) {
  float reaching[MOST_SAMPLES], by_sharpness = 0.0f;
  reaching[0] = 1.0f;
  for (int i = 1; i < samples - 1; ++i) {
    reaching[i] = reaching[i - 1] * (1.0f - slopes.stopped[i - 1]);
  }
  for (int i = 0; i < samples; ++i) by_distance[i] = 0.0f;
  float behind = 0.0f;  // what light is worth that reaches the next interval
  for (int i = samples - 2; i >= 0; --i) {
    const float worth = 0.5f * (by_weight[i] + by_weight[i + 1]);
    const float by_stopped = reaching[i] * (worth - behind);
    behind = slopes.stopped[i] * worth + (1.0f - slopes.stopped[i]) * behind;
    const float middle = 0.5f * by_stopped * slopes.by_middle[i];
    const float drop = by_stopped * slopes.by_drop[i];
    by_distance[i] += middle + drop;
    by_distance[i + 1] += middle - drop;
    by_sharpness += by_stopped * slopes.by_sharpness[i];
  }
  return by_sharpness;
}

// by_distance : (R, S); by_sharpness : (1). Both are written.
inline void differentiate_weights(const Along& along, const float* by_weight,
                                  float* by_distance, float* by_sharpness) {
  const int samples = int(along.samples);
  std::vector<float> by_ray(along.rays);
  each_ray(along.rays, [&](int64_t ray) {
    const Padded distance(along.distance + ray * samples, samples);
    const Padded t(along.t + ray * samples, samples);
    const Slopes slopes(distance.number, t.number, samples, along.sharpness);
    by_ray[ray] = pull_back(slopes, samples, by_weight + ray * samples,
                            by_distance + ray * samples);
  });
  double total = 0.0;
  for (const float part : by_ray) total += part;
  *by_sharpness = float(total);
}
