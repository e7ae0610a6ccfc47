package cluster

import (
	"math"
	"slices"
)

const (
	// valleyDepth is how low the density of a valley is at the most, as a share of the lower of the modes on its two sides.
	valleyDepth = 0.5
	// valleyDeviations is by how many standard deviations of the estimate a valley is below both modes, so that a few stray numbers make none.
	valleyDeviations = 3
	// Density is taken every so many parts of a bandwidth, at no more than valleyPlaces places.
	valleyParts  = 4
	valleyPlaces = 4096
)

// Valley parts numbers into a low group and the others: it gives the place of the first valley of their density, that is the first local
// minimum that is clearly lower than the density somewhere on either side. A skewed or wide distribution without a valley is one group,
// and the bound is −∞.
//
// The density is a kernel estimate with normal kernels. Its bandwidth is Silverman's, by the narrower of two measures of spread. That may
// be too narrow for a small group that is wider than the others, so it is doubled up to the standard deviation until there is a valley.
func Valley(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	width, deviation := bandwidth(sorted)
	for ; width > 0 && width < deviation; width *= 2 {
		if bound := firstValley(sorted, width); !math.IsInf(bound, -1) {
			return bound
		}
	}
	return math.Inf(-1)
}

// firstValley is that of the density with kernels of a width.
func firstValley(sorted []float64, width float64) float64 {
	low, high := sorted[0]-width, sorted[len(sorted)-1]+width
	step := max(width/valleyParts, (high-low)/valleyPlaces)
	var density []float64
	for at := low; at <= high; at += step {
		density = append(density, densityAt(sorted, at, width))
	}
	right := slices.Clone(density) // the highest density from here on
	for i := len(right) - 2; i >= 0; i-- {
		right[i] = max(right[i], right[i+1])
	}
	unit := 1 / (2 * math.Sqrt(math.Pi) * float64(len(sorted)) * width) // the variance of the estimate is the density times this
	left := 0.0
	for i := 1; i < len(density)-1; i++ {
		left = max(left, density[i-1])
		if density[i] > density[i-1] || density[i] >= density[i+1] {
			continue
		}
		if mode := min(left, right[i]); density[i] <= valleyDepth*mode && mode-density[i] > valleyDeviations*math.Sqrt((mode+density[i])*unit) {
			return low + float64(i)*step
		}
	}
	return math.Inf(-1)
}

// bandwidth is Silverman's, 0.9 min(σ, IQR/1.34) n^(−1/5), of sorted numbers, and σ is their standard deviation. Both are 0 if they are too
// few or all the same.
func bandwidth(sorted []float64) (width, deviation float64) {
	n := len(sorted)
	if n < 4 {
		return 0, 0
	}
	var mean, squares float64
	for _, v := range sorted {
		mean += v / float64(n)
	}
	for _, v := range sorted {
		squares += (v - mean) * (v - mean)
	}
	deviation = math.Sqrt(squares / float64(n-1))
	spread := deviation
	if quartiles := (sorted[3*n/4] - sorted[n/4]) / 1.34; quartiles > 0 {
		spread = min(spread, quartiles)
	}
	return 0.9 * spread * math.Pow(float64(n), -0.2), deviation
}

// kernelReach is how far a kernel is reckoned, in bandwidths.
const kernelReach = 6

// densityAt is the kernel estimate at a place.
func densityAt(sorted []float64, at, width float64) (sum float64) {
	from, _ := slices.BinarySearch(sorted, at-kernelReach*width)
	for _, v := range sorted[from:] {
		z := (v - at) / width
		if z > kernelReach {
			break
		}
		sum += math.Exp(-z * z / 2)
	}
	return sum / float64(len(sorted)) / width / math.Sqrt(2*math.Pi)
}
