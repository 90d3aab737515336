// What happens on rays: where samples lie, what they stop, what colours they show.
//
// Compiled apart from the field, with HIDDEN and OUTPUTS of the colour network. Work is
// cut the same way for any number of threads, and sums are formed in a fixed order.

#include <algorithm>

#include "colours.h"
#include "march.h"

extern "C" {

// Bytes of one tile of points as it is kept, and of one sum of weight gradients; points
// of either.
int64_t tile_bytes() { return sizeof(Tile); }
int64_t partial_bytes() { return sizeof(ColourGradient); }
int64_t tile_points() { return ROWS; }
int64_t partial_points() { return ROWS * TILES; }

void use_threads(int64_t threads) { pool()->resize(int(threads)); }

void rays_closest(const Lattice* lattice, const Rays* rays, const float* share,
                  int64_t looks, float* distance) {
  closest(*lattice, *rays, share, looks, distance);
}

void rays_place(const Lattice* lattice, const Rays* rays, const Placing* by, float* t) {
  place(*lattice, *rays, *by, t);
}

void rays_weights(const Along* along, float* weight) { weights(*along, weight); }

void rays_weights_back(const Along* along, const float* by_weight, float* by_distance,
                       float* by_sharpness) {
  differentiate_weights(*along, by_weight, by_distance, by_sharpness);
}

void rays_colours(const ColourParameters* of, const Shown* shown, Tile* tiles,
                  float* colour) {
  paint(*of, *shown, tiles, colour);
}

void rays_colours_back(const ColourParameters* of, const Shown* shown, const Tile* tiles,
                       const float* by_colour, const ShownGradient* to) {
  differentiate_colours(*of, *shown, tiles, by_colour, *to);
}

}  // extern "C"
