package cluster

import (
	"math"
	"slices"
)

// normal is a part of a mixture of normal distributions.
type normal struct{ share, mean, deviation float64 }

// mixtureRounds are those of expectation and maximisation; leastDeviation keeps a part from shrinking to one value, as a share of the
// deviation of all.
const (
	mixtureRounds  = 200
	leastDeviation = 1e-3
)

// Valley parts numbers into a low group and a high one: it gives the bound below which a number rather belongs to the low one. Groups are
// normal distributions, fitted to the numbers by expectation and maximisation from the lower and the upper half. Where one
// distribution does as well (by BIC), there is no low group, and the bound is −∞.
func Valley(numbers []float64) float64 {
	n := float64(len(numbers))
	if n < 4 {
		return math.Inf(-1)
	}
	sorted := slices.Sorted(slices.Values(numbers))
	all := fitted(sorted, func(float64) float64 { return 1 }, 0)
	least := leastDeviation * all.deviation
	if least == 0 {
		return math.Inf(-1)
	}
	middle := sorted[len(sorted)/2]
	low := fitted(sorted, func(v float64) float64 { return indicator(v < middle) }, least)
	high := fitted(sorted, func(v float64) float64 { return indicator(v >= middle) }, least)
	for range mixtureRounds {
		if low.share == 0 || high.share == 0 {
			return math.Inf(-1)
		}
		a, b := low, high
		low = fitted(sorted, func(v float64) float64 { return belongs(v, a, b) }, least)
		high = fitted(sorted, func(v float64) float64 { return 1 - belongs(v, a, b) }, least)
	}
	gain := 0.0
	for _, v := range sorted {
		gain += math.Log(low.density(v)+high.density(v)) - math.Log(all.density(v))
	}
	if low.mean > high.mean {
		low, high = high, low
	}
	if !(gain > 1.5*math.Log(n)) { // three numbers more, half a log n each
		return math.Inf(-1)
	}
	below, above := low.mean, high.mean
	for range 60 {
		if between := (below + above) / 2; belongs(between, low, high) > 0.5 {
			below = between
		} else {
			above = between
		}
	}
	return above
}

// fitted is the normal distribution of weighted numbers. Its deviation is least, at the least.
func fitted(numbers []float64, weight func(float64) float64, least float64) (part normal) {
	total := 0.0
	for _, v := range numbers {
		total += weight(v)
		part.mean += weight(v) * v
	}
	if total == 0 {
		return normal{}
	}
	part.share, part.mean = total/float64(len(numbers)), part.mean/total
	for _, v := range numbers {
		part.deviation += weight(v) * (v - part.mean) * (v - part.mean) / total
	}
	part.deviation = max(math.Sqrt(part.deviation), least)
	return part
}

// density is the part's share of the density at a number.
func (p normal) density(v float64) float64 {
	z := (v - p.mean) / p.deviation
	return p.share / p.deviation / math.Sqrt(2*math.Pi) * math.Exp(-z*z/2)
}

// belongs is the probability that a number is of the first part. Far from both, where densities vanish, it is that of the nearer.
func belongs(v float64, a, b normal) float64 {
	x, y := a.density(v), b.density(v)
	if x+y == 0 {
		return indicator(math.Abs(v-a.mean) < math.Abs(v-b.mean))
	}
	return x / (x + y)
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
