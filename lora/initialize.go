package lora

import (
	"fmt"
	"math"
	"math/rand/v2"
)

const (
	// normalDeviation is the standard deviation of normal initialisation, BERT's initializer_range.
	normalDeviation = 0.02
	// truncatedDeviation is that of truncated normal initialisation before it is truncated.
	truncatedDeviation = 0.01
)

// Initialize draws the first values of a tensor, row-major:
//
//	kaiming_uniform  uniform in ±1/sqrt(fan_in), fan_in = values per row: torch.nn.init.kaiming_uniform_
//	                 with a = sqrt(5), for LoRA's A and for both L and R
//	normal           normal with mean 0 and standard deviation 0.02, for heads and prefixes
//	truncated_normal normal with mean 0 and standard deviation 0.01, nothing beyond two of them, for adapters,
//	                 which so start close to the identity (Houlsby et al. 2019, section 3.6)
//	zeros            zeros, for LoRA's B and for biases
//
// Equal generator states give equal values.
func Initialize(kind string, shape []int64, rng *rand.Rand) ([]float32, error) {
	size := 1
	for _, d := range shape {
		if d <= 0 {
			return nil, fmt.Errorf("cannot initialise a tensor of shape %v", shape)
		}
		size *= int(d)
	}
	values := make([]float32, size)
	switch kind {
	case "zeros":
	case "normal":
		for i := range values {
			values[i] = float32(normalDeviation * rng.NormFloat64())
		}
	case "truncated_normal":
		for i := range values {
			z := rng.NormFloat64()
			for math.Abs(z) > 2 {
				z = rng.NormFloat64()
			}
			values[i] = float32(truncatedDeviation * z)
		}
	case "kaiming_uniform":
		if len(shape) < 2 {
			return nil, fmt.Errorf("kaiming_uniform needs a matrix, not shape %v", shape)
		}
		bound := 1 / math.Sqrt(float64(size)/float64(shape[0]))
		for i := range values {
			values[i] = float32(bound * (2*rng.Float64() - 1))
		}
	default:
		return nil, fmt.Errorf("unknown initialisation %q, expected kaiming_uniform, normal, truncated_normal or zeros", kind)
	}
	return values, nil
}
