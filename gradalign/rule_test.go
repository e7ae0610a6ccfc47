package gradalign

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"mslora/params"
)

// half is a rule that only this test knows. It takes one file and one line of the registry.
type half struct{ share float64 }

func newHalf(values params.Values) Rule { return half{values.Float("mu_max")} }

func (h half) Align(_ Step, gradients, _ [][]float32) (Stats, error) {
	for _, g := range gradients {
		for i := range g {
			g[i] *= float32(h.share)
		}
	}
	return Stats{}, nil
}

func TestNewRule(t *testing.T) {
	before := Rules
	defer func() { Rules = before }()
	if _, found := Find("half"); found {
		t.Fatal("there is a rule of this name")
	}
	Rules = append(slices.Clone(Rules), Definition{"half", "a share of each gradient", newHalf})
	definition, found := Find("half")
	if !found {
		t.Fatal("the rule is not found")
	}
	g := [][]float32{{2, 4}}
	alignStep(t, definition.New(params.Values{"mu_max": 0.5}), 0, 1, 0, g, [][]float32{{1, 1}})
	if !slices.Equal(g[0], []float32{1, 2}) {
		t.Errorf("the rule gave %v", g)
	}
}

// Each rule reads the hyperparameters that the table gives it, and no others: params.Values panic on those.
func TestRules(t *testing.T) {
	want := map[string]Rule{
		Authors: authors{muMax: 0.1, mixFrom: 1, minAuxLoss: 0.4, minAuxNorm: 5e-7}, Paper: paper{muMax: 0.1}, Always: always{},
	}
	for _, d := range Rules {
		got := d.New(params.Defaults().Only([]string{params.AlignmentBy(d.Name)}))
		if got != want[d.Name] || d.Help == "" {
			t.Errorf("%s (%s) is %#v, want %#v", d.Name, d.Help, got, want[d.Name])
		}
	}
	if len(Rules) != len(want) {
		t.Errorf("%d rules", len(Rules))
	}
}

// A value that is not finite is found in whichever gradient and tensor it is, though the other gradient is 0 there, and
// nothing has been changed.
func TestNonFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, auxiliary := range []bool{false, true} {
			for tensor, size := range []int{1, 5, 8} {
				for _, d := range Rules {
					t.Run(fmt.Sprintf("%s, %v, auxiliary %v, tensor %d", d.Name, bad, auxiliary, tensor), func(t *testing.T) {
						gradients := func() [2][][]float32 {
							return [2][][]float32{{{1}, make([]float32, 5), make([]float32, 8)}, {{1}, make([]float32, 5), make([]float32, 8)}}
						}
						both := gradients()
						side := 0
						if auxiliary {
							side = 1
						}
						both[side][tensor][size-1] = float32(bad)
						want := fmt.Sprint(both)
						_, err := d.New(params.Defaults()).Align(Step{Epoch: 1, Epochs: 2, AuxLoss: 1, Threads: 2}, both[0], both[1])
						var found *NonFinite
						if !errors.As(err, &found) || *found != (NonFinite{tensor, auxiliary}) {
							t.Errorf("got %v", err)
						}
						if fmt.Sprint(both) != want {
							t.Errorf("the gradients became %v", both)
						}
					})
				}
			}
		}
	}
	// The largest finite values are finite.
	largest := []float32{math.MaxFloat32, -math.MaxFloat32}
	for _, d := range Rules {
		g, c := [][]float32{slices.Clone(largest)}, [][]float32{slices.Clone(largest)}
		alignStep(t, d.New(params.Defaults()), 0, 1, 1, g, c)
	}
}
