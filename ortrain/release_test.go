package ortrain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a trainer and an evaluator open is released: when they are closed, and where they cannot be made.
func TestReleased(t *testing.T) {
	for _, test := range []struct {
		name string
		// spoil makes NewTrainer fail.
		spoil func(topologies *Topologies, device *Device, folder string) error
		want  string // in the error
	}{
		{"nothing fails", func(*Topologies, *Device, string) error { return nil }, ""},
		{"the training session: there is no such GPU", func(_ *Topologies, device *Device, _ string) error {
			*device = Device{Provider: "cuda", ID: 99}
			return nil
		}, "CUDA"},
		{"the evaluation graph wants a weight that is not there", func(both *Topologies, _ *Device, _ string) error {
			evaluate := *both.Evaluate
			evaluate.Manifest.Weights = append(evaluate.Manifest.Weights[:0:0], evaluate.Manifest.Weights...)
			evaluate.Manifest.Weights[0].Name = "nowhere.weight"
			both.Evaluate = &evaluate
			return nil
		}, "nowhere.weight"},
		{"the checkpoint is none", func(_ *Topologies, _ *Device, folder string) error {
			return os.WriteFile(filepath.Join(folder, "checkpoint.safetensors"), []byte("nonsense"), 0o644)
		}, "checkpoint.safetensors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model, topologies := tinyModel(t, "lora+mslr")
			folder, device := t.TempDir(), testDevice(t, 2)
			if err := test.spoil(&topologies, &device, folder); err != nil {
				t.Fatal(err)
			}
			before := held.Load()
			trainer, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), folder, device)
			if err == nil {
				if err := trainer.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				trainer.Close()
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if trainer != nil && err != nil {
				t.Error("a trainer with an error")
			}
			if left := held.Load() - before; left != 0 {
				t.Errorf("%d tensors and sessions are left", left)
			}
		})
	}
}
