package ortrain

import (
	"bytes"
	"testing"

	"mslora/graphs"
	"mslora/internal/testort"
)

// Where memory holds only one session at a time, training must end with the same bytes.
func TestSessionsInTurn(t *testing.T) {
	testort.Start(t)
	together, inTurn := t.TempDir(), t.TempDir()
	train(t, "lora+mslr", together)
	model, topologies := tinyModel(t, "lora+mslr")
	trainer, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), inTurn, Device{Provider: "cpu", Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	step, evaluation := trainer.step.session, trainer.evaluator.session
	if err := takeTurns(step, evaluation); err != nil {
		t.Fatal(err)
	}
	both := func() {
		if step.graph != nil && evaluation.graph != nil {
			t.Error("both sessions are loaded")
		}
	}
	both()
	observer := Observer{Step: func(StepRecord) { both() }, Epoch: func([]EpochRecord) error { both(); return nil }}
	if err := trainer.Run(t.Context(), observer); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, together, BestFile), read(t, inTurn, BestFile)) {
		t.Error("the tuned tensors differ")
	}
}

func TestMemory(t *testing.T) {
	testort.Start(t)
	model, topologies := tinyModel(t, "lora+mslr")
	setting := tinySetting("lora+mslr")
	trainer, err := NewTrainer(model, topologies, setting, tinyData(), t.TempDir(), Device{Provider: "cpu", Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	got, err := trainer.Memory()
	if err != nil {
		t.Fatal(err)
	}
	const layers, d, inner = 2, 36, 50
	matrices := int64(4 * (layers*(4*d*d+2*d*inner) + d*d)) // attention, feed-forward and pooler
	parameters := int64(layers*2*2*3*d + 2*6*d)             // LoRA of rank 3 on query and value, L and R of 6 rows
	changed := int64(4 * (layers*2*d*d + d*d))
	if got.Packed != matrices || got.Tuned != 5*4*parameters || got.Merged != changed || got.Widened != 0 {
		t.Errorf("got %+v, want packed %d, tuned %d, merged %d", got, matrices, 5*4*parameters, changed)
	}
	if got.Weights <= matrices || got.Weights > matrices+4*int64(model.Config.Vocabulary+model.Config.Positions+2+20*layers)*inner {
		t.Errorf("weights %d beside matrices %d", got.Weights, matrices)
	}
	if least := int64(4 * d * setting.BatchSize); got.Saved < least {
		t.Errorf("saved %d, expected %d at least", got.Saved, least)
	}
	if sum := got.Weights + got.Packed + got.Tuned + got.Merged + got.Saved; got.Total() != sum {
		t.Errorf("total %d, want %d", got.Total(), sum)
	}
}

func TestChoosePart(t *testing.T) {
	batch := make([]Example, 32)
	for i := range batch {
		batch[i].Tokens = make([]int32, 512)
	}
	for _, test := range []struct {
		perToken int64 // bytes
		want     int
	}{
		{0, 2048},
		{2 << 20, 2048}, // 4 GiB
		{3 << 20, 1024},
		{1 << 30, 512}, // no part is smaller
	} {
		s := &stepper{
			manifest: graphs.Manifest{SavedBytes: map[string]int64{"T": test.perToken}},
			sizes:    map[string]int64{"C": 2}, partTokens: partTokens,
		}
		if err := s.choosePart(batch); err != nil || s.partTokens != test.want {
			t.Errorf("%d bytes a token: parts of %d tokens, %v, want %d", test.perToken, s.partTokens, err, test.want)
		}
	}
}
