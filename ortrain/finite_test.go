package ortrain

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/gradalign"
)

// poisoning is a rule that puts a value into one gradient before, or after, another rule aligns.
type poisoning struct {
	gradalign.Rule
	value             float64
	tensor            int
	auxiliary, before bool
}

func (p poisoning) Align(step gradalign.Step, gradients, auxiliary [][]float32) (gradalign.Stats, error) {
	target := gradients[p.tensor]
	if p.auxiliary {
		target = auxiliary[p.tensor]
	}
	if p.before {
		target[len(target)-1] = float32(p.value)
	}
	stats, err := p.Rule.Align(step, gradients, auxiliary)
	if !p.before {
		target[len(target)-1] = float32(p.value)
	}
	return stats, err
}

// Whatever is not finite stops the run: the error names the step and the tensor, no parameter has changed and no
// checkpoint is written.
func TestNonFiniteStops(t *testing.T) {
	for _, test := range []struct {
		name string
		// poison puts the value into the trainer.
		poison func(t *Trainer, value float64)
		want   string
	}{
		{"loss", func(t *Trainer, value float64) { t.step.parameters[0].Data[0] = float32(value) },
			"step 1: the loss is not finite; a lower learning rate may help"},
		{"auxiliary gradient", func(t *Trainer, value float64) {
			t.setting.Align = poisoning{t.setting.Align, value, 3, true, true}
		}, "step 1: the auxiliary gradient of %s is not finite; a lower learning rate may help"},
		{"gradient", func(t *Trainer, value float64) {
			t.setting.Align = poisoning{t.setting.Align, value, 3, false, true}
		}, "step 1: the gradient of %s is not finite; a lower learning rate may help"},
		{"aligned gradient", func(t *Trainer, value float64) {
			t.setting.Align = poisoning{t.setting.Align, value, 3, false, false}
		}, "step 1: the gradient of %s is not finite; a lower learning rate may help"},
	} {
		for _, value := range []float64{math.NaN(), math.Inf(1)} {
			t.Run(fmt.Sprintf("%s/%v", test.name, value), func(t *testing.T) {
				folder := t.TempDir()
				trainer := newTiny(t, "lora+mslr", folder)
				trainer.setting.SaveEvery = 1
				test.poison(trainer, value)
				before := fmt.Sprint(trainer.LastTuned())
				want := test.want
				if test.name != "loss" {
					want = fmt.Sprintf(want, trainer.step.parameters[3].Name)
				}
				if err := trainer.Run(t.Context()); err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				if fmt.Sprint(trainer.LastTuned()) != before {
					t.Error("the parameters have changed")
				}
				if _, err := os.Stat(filepath.Join(folder, "checkpoint.safetensors")); !os.IsNotExist(err) {
					t.Errorf("a checkpoint was written: %v", err)
				}
			})
		}
	}
}

// A loss that only the auxiliary batch has stops the run, too, whatever the rule would have done with it.
func TestNonFiniteAuxiliaryLoss(t *testing.T) {
	trainer := newTiny(t, "ga", t.TempDir())
	trainer.data.Train = []Example{{Tokens: []int32{2, 6}}}
	trainer.data.Auxiliary = []Example{{Tokens: []int32{2, 40}}}
	for _, p := range trainer.step.parameters {
		if strings.HasSuffix(p.Name, "word_embeddings.weight") {
			p.Data[40*p.Shape[1]] = float32(math.NaN())
		}
	}
	want := "step 1: the auxiliary loss is not finite; a lower learning rate may help"
	if err := trainer.Run(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCheckNorm(t *testing.T) {
	parameters := []*Parameter{{Name: "first"}, {Name: "second"}}
	largest := []float32{math.MaxFloat32, -math.MaxFloat32}
	for _, test := range []struct {
		gradients [][]float32
		want      string
	}{
		{[][]float32{{1, 2}, {0}}, "<nil>"},
		{[][]float32{largest, largest}, "<nil>"},
		{[][]float32{{1, 2}, {float32(math.NaN())}}, "step 12: the gradient of second is not finite; a lower learning rate may help"},
		{[][]float32{{1, float32(math.Inf(-1))}, {float32(math.NaN())}}, "step 12: the gradient of first is not finite; a lower learning rate may help"},
	} {
		if err := checkNorm(12, globalNorm(test.gradients, 2), parameters, test.gradients); fmt.Sprint(err) != test.want {
			t.Errorf("%v: %v, want %s", test.gradients, err, test.want)
		}
	}
}
