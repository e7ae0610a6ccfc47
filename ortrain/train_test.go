package ortrain

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
	"mslora/params"
)

// tinyModel opens a model with random weights and the topologies of a method: a training graph, or "ga" for full
// fine-tuning with alignment.
func tinyModel(t testing.TB, method string) (*Model, Topologies) {
	t.Helper()
	testort.Start(t)
	folder, _ := testmodel.Write(t, t.TempDir())
	model, err := OpenModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	if method == "ga" {
		method = "full"
	}
	var both Topologies
	if both.Train, err = graphs.Open(testmodel.Graphs(), method); err != nil {
		t.Fatal(err)
	}
	if both.Evaluate, err = graphs.Open(testmodel.Graphs(), graphs.EvaluationOf(method)); err != nil {
		t.Fatal(err)
	}
	return model, both
}

// learnable makes texts whose label is whether token 40 occurs in them.
func learnable(seed uint64, n int) []Example {
	random := rand.New(rand.NewPCG(seed, 5))
	examples := make([]Example, n)
	for i := range examples {
		tokens := []int32{2}
		for range 3 + random.IntN(9) {
			tokens = append(tokens, 5+random.Int32N(35))
		}
		examples[i] = Example{Tokens: tokens, Label: i % 2}
		if i%2 == 1 {
			tokens[1+random.IntN(len(tokens)-1)] = 40
		}
	}
	return examples
}

// rule is an alignment rule with the given hyperparameters, and the default of each that is not given.
func rule(name string, values params.Values) gradalign.Rule {
	definition, _ := gradalign.Find(name)
	return definition.New(params.Defaults().With(values))
}

func tinySetting(method string) Setting {
	s := Setting{
		Modules: lora.Setting{Rank: 3, Alpha: 6, Scales: []float64{1, 2, 4}, Bandwidth: 2, ScaleAlpha: 2, Bottleneck: 3, PrefixLength: 5},
		Epochs:  3, BatchSize: 8, LearningRate: 5e-3, ClipNorm: 1, Optimizer: DefaultAdamW, Classes: 2, Seed: 42, SaveEvery: 3,
	}
	if method == "lora+mslr" || method == "ga" {
		s.Align = rule(gradalign.Authors, params.Values{"mu_max": 0.1, "mix_from": 1, "min_aux_loss": 0.4, "min_aux_norm": 5e-7})
	}
	return s
}

func tinyData() Data {
	return Data{Train: learnable(1, 60), Auxiliary: learnable(2, 20), Dev: learnable(3, 40)}
}

// train runs to the end in folder, stopping and starting anew after each of the given steps.
func train(t *testing.T, method, folder string, stops ...int) *Trainer {
	t.Helper()
	model, topologies := tinyModel(t, method)
	for {
		trainer, err := NewTrainer(model, topologies, tinySetting(method), tinyData(), folder, testDevice(t, 2))
		if err != nil {
			t.Fatal(err)
		}
		if method == "full" {
			trainer.step.partTokens = 40 // most batches are two parts
		}
		ctx, cancel := context.WithCancel(context.Background())
		err = trainer.Run(ctx, afterStep(func(_ *Run, r StepRecord) error {
			if len(stops) > 0 && r.Step == stops[0] {
				stops = stops[1:]
				cancel()
			}
			return nil
		}))
		cancel()
		if err == nil {
			t.Cleanup(func() { trainer.Close() })
			return trainer
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := trainer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An interrupted run must end with the bytes of an uninterrupted one, wherever it was stopped.
func TestResumeEqualsUninterrupted(t *testing.T) {
	for _, method := range append(slices.Clone(graphs.Methods), "ga") {
		t.Run(method, func(t *testing.T) {
			if !repeats(t, method) {
				t.Skip("this device does not repeat bits")
			}
			whole, again, parts := t.TempDir(), t.TempDir(), t.TempDir()
			train(t, method, whole)
			train(t, method, again)
			train(t, method, parts, 1, 5, 8, 9, 16, 23) // an epoch has 8 steps
			for _, name := range []string{BestFile, "checkpoint.safetensors"} {
				want := read(t, whole, name)
				if !bytes.Equal(want, read(t, again, name)) {
					t.Errorf("%s: two equal runs differ", name)
				}
				if !bytes.Equal(want, read(t, parts, name)) {
					t.Errorf("%s: the interrupted run differs", name)
				}
			}
		})
	}
}

// After a crash the checkpoint is older than the work done since; the run must come to the same end.
func TestResumeAfterCrash(t *testing.T) {
	whole, crashed := t.TempDir(), t.TempDir()
	train(t, "lora+mslr", whole)
	model, topologies := tinyModel(t, "lora+mslr")
	trainer, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), crashed, testDevice(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	feed := trainer.feed(t.Context(), 0)
	for range 5 { // one checkpoint, after step 3, then two steps that are lost
		if _, err := trainer.trainStep(feed, 0); err != nil {
			t.Fatal(err)
		}
		if trainer.state.Step == 3 {
			if err := trainer.save(); err != nil {
				t.Fatal(err)
			}
		}
	}
	trainer.Close()
	train(t, "lora+mslr", crashed)
	if !bytes.Equal(read(t, whole, BestFile), read(t, crashed, BestFile)) {
		t.Error("the run differs after a crash")
	}
}

// LoRA, adapters and prefixes alone are left out: on a frozen random backbone they have little to learn with.
func TestTrainingLearns(t *testing.T) {
	for _, method := range []string{"lora+mslr", "full", "ga"} {
		t.Run(method, func(t *testing.T) {
			history := train(t, method, t.TempDir()).History()
			if first, last := history[0].Loss, history[len(history)-1].Loss; last >= first {
				t.Errorf("the loss went from %v to %v", first, last)
			}
		})
	}
}

func TestCheckpointOfAnotherSetting(t *testing.T) {
	folder := t.TempDir()
	train(t, "lora", folder)
	model, topologies := tinyModel(t, "lora+mslr")
	_, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), folder, testDevice(t, 0))
	if err == nil {
		t.Fatal("a checkpoint of another method was accepted")
	}
}

// The evaluation graph with merged modules must give the logits of the training graph without dropout.
func TestMergedEqualsUnmerged(t *testing.T) {
	for _, method := range graphs.Methods {
		t.Run(method, func(t *testing.T) {
			trainer := train(t, method, t.TempDir())
			examples := learnable(9, 32)
			want := trainingLogits(t, trainer, examples)
			if err := trainer.evaluator.Use(trainer.LastTuned()); err != nil {
				t.Fatal(err)
			}
			got, err := trainer.evaluator.Logits(t.Context(), examples)
			if err != nil {
				t.Fatal(err)
			}
			for i := range examples {
				for c := range 2 {
					if d := math.Abs(float64(got[i][c] - want[i*2+c])); d > 1e-4 {
						t.Fatalf("text %d: merged %v, unmerged %v", i, got[i], want[i*2:i*2+2])
					}
				}
			}
		})
	}
}

// trainingLogits runs the training graph with all units kept.
func trainingLogits(t *testing.T, trainer *Trainer, examples []Example) []float32 {
	t.Helper()
	step := trainer.step
	s, err := openSession(step.linked, step.session.inputs, []string{"logits"}, testDevice(t, 0), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	kept := *step
	kept.keep, kept.session, kept.partTokens = 1, s, math.MaxInt
	kept.fixed = tensors{}
	for name, value := range step.fixed {
		kept.fixed[name] = value
	}
	if err := add(kept.fixed, "keep_scale", []float32{1}, 1); err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(kept.parts(examples, 2, &splitMix{1}, func() []byte { return nil }))
	defer stop()
	p, err, _ := next()
	if err != nil || !p.last {
		t.Fatalf("%v; in one part: %v", err, p.last)
	}
	logits := make([]float32, len(examples)*2)
	output, err := ort.NewTensor(ort.NewShape(int64(len(examples)), 2), logits)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := kept.inputs(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(inputs, []ort.Value{output}); err != nil {
		t.Fatal(err)
	}
	return logits
}
