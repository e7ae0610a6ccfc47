// Package lora holds the tunable modules of MuScleLoRA: low-rank adaptation of the query and value
// projections (LoRA, Hu et al. 2021) and the multi-scale low-rank branch at the penultimate layer (paper,
// section 4.1 and Eq. 6); and those it is compared with: adapters (Houlsby et al. 2019) and prefixes (Li and
// Liang 2021).
package lora

import (
	"math"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// Setting gives the shapes and strengths of the modules.
type Setting struct {
	Rank       int       // r of LoRA: A is [r, d], B is [d, r]
	Alpha      float64   // LoRA adds (Alpha/Rank) B A
	Scales     []float64 // the different scales of S; none if there is no multi-scale branch
	Bandwidth  int       // r of Eq. 6: how often each scale stands in S
	ScaleAlpha float64   // the branch adds (ScaleAlpha/Bandwidth) R diag(S) L

	Bottleneck   int // of adapters: W1 is [Bottleneck, d], W2 is [d, Bottleneck]
	PrefixLength int // virtual tokens in each layer: keys and values are [PrefixLength, d]
}

// Sizes gives the values of the open sizes of module tensors, by their symbols in manifests.
func (s Setting) Sizes() map[string]int64 {
	return map[string]int64{
		"r": int64(s.Rank), "k": int64(len(s.Scales) * s.Bandwidth), "b": int64(s.Bottleneck), "p": int64(s.PrefixLength),
	}
}

// S is the scaling vector of Eq. 6, each scale repeated Bandwidth times: k = len(Scales) x Bandwidth
// values, for L [k, d] and R [d, k].
func (s Setting) S() []float32 {
	vector := make([]float32, 0, len(s.Scales)*s.Bandwidth)
	for _, scale := range s.Scales {
		for range s.Bandwidth {
			vector = append(vector, float32(scale))
		}
	}
	return vector
}

// LoRAScale is the factor of B A.
func (s Setting) LoRAScale() float32 { return float32(s.Alpha / float64(s.Rank)) }

// MultiScale is the factor of R diag(S) L. The paper's Eq. 6 has none; the authors' code has this one.
func (s Setting) MultiScale() float32 { return float32(s.ScaleAlpha / float64(s.Bandwidth)) }

// ParseScales reads a comma-separated list of positive numbers, such as 1,4,8,12.
func ParseScales(text string) ([]float64, error) {
	var scales []float64
	for i, item := range strings.Split(text, ",") {
		scale, err := strconv.ParseFloat(strings.TrimSpace(item), 64)
		inGraph := float32(scale)
		if err != nil || !(inGraph > 0) || inGraph > math.MaxFloat32 {
			return nil, hint.New("give positive numbers with commas between them, for example 1,4,8,12",
				"scales %q: item %d is %q, expected a positive number", text, i+1, item)
		}
		scales = append(scales, scale)
	}
	return scales, nil
}
