package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/eval"
	"mslora/experiment"
	"mslora/ortrain"
)

// made is a made-up cell; what it leaves out has the value of a cell as in the paper.
type made struct {
	method, attack, ratio string
	seed                  uint64
	config                string // hyperparameters as JSON
	cacc, asr, floor      int    // of 1000
	analysed              bool
}

// write leaves the files of a finished cell, with losses that fall and a backdoor that vanilla learns.
func (m made) write(t *testing.T, runs string) {
	t.Helper()
	folder := filepath.Join(runs, fmt.Sprintf("%s-%s-%s-%d-%x", m.method, m.attack, m.ratio, m.seed, sha256.Sum256([]byte(m.config))))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	share := func(n int) eval.Share { return eval.Share{Hits: n, Texts: 1000} }
	scores := eval.Scores{CACC: share(m.cacc), ASR: share(m.asr), Floor: share(m.floor)}
	config := m.config
	if config == "" {
		config = `{"learning_rate":0.00002}`
	}
	result := eval.Result{
		Dataset: "sst-2", Attack: m.attack, Target: 1, Setting: map[string]string{"badnets": "clean"}[m.attack], Ratio: m.ratio, Model: "bert-base-uncased",
		Architecture: "bert-12x768", Method: m.method, Seed: m.seed, Precision: "float32", Scores: scores, LastEpoch: &scores, BestEpoch: 3, Epochs: 3,
		Config: json.RawMessage(config), Device: "cpu",
	}
	if result.Setting == "" {
		result.Setting = "mix"
	}
	if err := result.Write(filepath.Join(folder, "result.json")); err != nil {
		t.Fatal(err)
	}
	aligns := strings.Contains(m.method, "muscle")
	var epochs, points bytes.Buffer
	for epoch := 1; epoch <= 3; epoch++ {
		record := ortrain.EpochRecord{Epoch: epoch, Loss: 0.7 / float64(epoch), GradientNorm: 2 + float64(epoch), DevAccuracy: 60 + 10*float64(epoch) - float64(m.seed%2), Best: true}
		if aligns {
			record.AuxLoss, record.Mu, record.FullyAligned = 0.6/float64(epoch), 0.05*float64(epoch-1), 1-0.2*float64(epoch)
		}
		if err := json.NewEncoder(&epochs).Encode(record); err != nil {
			t.Fatal(err)
		}
	}
	encoder := json.NewEncoder(&points)
	if err := encoder.Encode(experiment.FourierSetting{Kernel: "authors", Embeddings: "alone", Widths: []float64{2, 4}, Steps: 60, Epochs: 3}); err != nil {
		t.Fatal(err)
	}
	for step := 5; step <= 60; step += 5 {
		done := float64(step) / 60
		if aligns {
			done /= 3
		}
		of := func(v float64) []experiment.Rounded {
			return []experiment.Rounded{experiment.Rounded(v / 2), experiment.Rounded(v)}
		}
		point := experiment.FourierPoint{
			Step: step, Epoch: 1 + (step-1)/20, ASR: experiment.Rounded(100 * done),
			Clean:    experiment.FourierMeasures{LFR: of(1 - done/5), HFR: of(0.3 * done), LowError: of(1 - done/2), HighError: of(1.2 - done/2)},
			Backdoor: experiment.FourierMeasures{LFR: of(1), HFR: of(0.002 * done), LowError: of(1 - 0.95*done), HighError: of(math.Inf(1))},
		}
		if err := encoder.Encode(point); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{"metrics.jsonl": epochs.Bytes()}
	if m.analysed {
		files["fourier.jsonl"] = points.Bytes()
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func writeAll(t *testing.T, cells ...made) string {
	t.Helper()
	runs := t.TempDir()
	for _, m := range cells {
		m.write(t, runs)
	}
	return runs
}

var methods = []made{
	{method: "vanilla", attack: "badnets", ratio: "0.1", seed: 42, cacc: 913, asr: 946, floor: 90, analysed: true},
	{method: "vanilla", attack: "badnets", ratio: "0.1", seed: 43, cacc: 905, asr: 930, floor: 88, analysed: true},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, cacc: 868, asr: 120, floor: 110, analysed: true},
	{method: "lora", attack: "addsent", ratio: "0.1", seed: 42, cacc: 880, asr: 700, floor: 100},
}

var ratioSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.01", seed: 42, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.05", seed: 42, cacc: 870, asr: 110, floor: 95},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, cacc: 868, asr: 120, floor: 110},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 43, cacc: 850, asr: 180, floor: 120},
	{method: "musclelora", attack: "badnets", ratio: "0.2", seed: 42, cacc: 860, asr: 200, floor: 115},
	{method: "musclelora", attack: "addsent", ratio: "0.05", seed: 42, cacc: 866, asr: 130, floor: 100},
	{method: "musclelora", attack: "addsent", ratio: "0.1", seed: 42, cacc: 860, asr: 190, floor: 110},
}

var rateSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.00001}`, cacc: 700, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.0001}`, cacc: 860, asr: 150, floor: 95},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.001}`, cacc: 880, asr: 600, floor: 110},
}

var paperSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.00002}`, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"learning_rate":0.001}`, cacc: 860, asr: 600, floor: 110},
}

// aligning is a sweep over mu_max beside a cell that has none, as its rule differs, too.
var aligning = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"paper","mu_max":0.1}`, cacc: 880, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"paper","mu_max":0.2}`, cacc: 870, asr: 110, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"align":"always"}`, cacc: 860, asr: 120, floor: 90},
}

var scalesSweep = []made{
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"scales":[1,2,4]}`, cacc: 850, asr: 100, floor: 90},
	{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: `{"scales":[1,8,16]}`, cacc: 860, asr: 150, floor: 95},
}

func drawn(t *testing.T, kind, axis string, cells []made) Figure {
	t.Helper()
	k, err := Find(kind)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Draw(k, []string{writeAll(t, cells...)}, axis)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
