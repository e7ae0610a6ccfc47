package ortrain

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/testort"
	"mslora/lora"
)

// Where memory holds only one session at a time, training must end with the same bytes.
func TestSessionsInTurn(t *testing.T) {
	testort.Start(t)
	together, inTurn := t.TempDir(), t.TempDir()
	train(t, "lora+mslr", together)
	model, topologies := tinyModel(t, "lora+mslr")
	trainer, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), inTurn, testDevice(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	step, evaluation := trainer.step.session, trainer.evaluator.session
	if err := takeTurns(step, evaluation); err != nil {
		t.Fatal(err)
	}
	both := func(*Run, StepRecord) error {
		if step.graph != nil && evaluation.graph != nil {
			t.Error("both sessions are loaded")
		}
		return nil
	}
	both(nil, StepRecord{})
	if err := trainer.Run(t.Context(), afterStep(both)); err != nil {
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
	trainer, err := NewTrainer(model, topologies, setting, tinyData(), t.TempDir(), testDevice(t, 2))
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
	parameters := int64(layers*2*2*3*d + 2*6*d + 2*(d+1))   // LoRA of rank 3 on query and value, L and R of 6 rows, the head
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

// Llama-2-7B with the paper's setting must fit a GPU of 24 GB, by calculation. The model file is one hole.
func TestLlama2FitsIn24GB(t *testing.T) {
	testort.Start(t)
	folder := t.TempDir()
	topologies := Topologies{}
	var err error
	if topologies.Train, err = (graphs.Store{}).Load("llama-32x4096", "lora+mslr"); err != nil {
		t.Fatal(err)
	}
	if topologies.Evaluate, err = (graphs.Store{}).Load("llama-32x4096", graphs.Evaluation); err != nil {
		t.Fatal(err)
	}
	writeHoles(t, filepath.Join(folder, "model.safetensors"), topologies.Train.Manifest, map[string]int64{"V": 32000})
	config := `{"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "intermediate_size": 11008,
		"vocab_size": 32000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5}`
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	model, err := OpenModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	texts := make([]Example, 16) // a batch, all as long as the preset allows
	for i := range texts {
		texts[i].Tokens = make([]int32, 512)
	}
	setting := Setting{
		Modules: lora.Setting{Rank: 2, Alpha: 8, Scales: []float64{1, 2, 3, 4}, Bandwidth: 1, ScaleAlpha: 4},
		Align:   rule(gradalign.Authors, nil), Epochs: 1, BatchSize: 16, Classes: 2, Optimizer: DefaultAdamW,
	}
	trainer, err := NewTrainer(model, topologies, setting, Data{Train: texts, Auxiliary: texts, Dev: texts}, t.TempDir(), testDevice(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	m, err := trainer.Memory()
	if err != nil {
		t.Fatal(err)
	}
	// 6.6 billion weights of 2 bytes; see docs/performance.md.
	if m.Weights < 13.2e9 || m.Weights > 13.3e9 || m.Total() > 24e9 {
		t.Errorf("%+v: %d bytes", m, m.Total())
	}
	t.Logf("%+v: %.2f GiB", m, float64(m.Total())/(1<<30))
}

// writeHoles makes a model file of F16 zeros that takes no room on the disk.
func writeHoles(t *testing.T, path string, m graphs.Manifest, sizes map[string]int64) {
	t.Helper()
	header := map[string]any{}
	end := int64(0)
	for _, w := range m.Weights {
		shape, err := graphs.Resolve(w.Shape, sizes)
		if err != nil {
			t.Fatal(err)
		}
		begin := end
		end += 2 * ort.Shape(shape).FlattenedSize()
		header["model."+w.Name] = map[string]any{"dtype": "F16", "shape": shape, "data_offsets": []int64{begin, end}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, bytes.Repeat([]byte(" "), (8-len(text)%8)%8)...)
	if err := os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 8+int64(len(text))+end); err != nil {
		t.Fatal(err)
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
