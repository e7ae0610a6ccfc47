package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/defence"
)

func TestStatistic(t *testing.T) {
	s := statistic([]Share{{1, 10}, {2, 10}, {4, 10}})
	// mean 70/3; squares (40/3)² + (10/3)² + (50/3)² = 4200/9; halved, root.
	if math.Abs(s.Mean-70.0/3) > 1e-12 || math.Abs(s.Deviation-math.Sqrt(4200.0/18)) > 1e-12 {
		t.Errorf("got %+v", s)
	}
	if s.String() != "23.33±15.28" {
		t.Errorf("printed as %s", s)
	}
	if one := statistic([]Share{{1, 4}}); one.Deviation != 0 || one.String() != "25.00" {
		t.Errorf("one seed: %+v", one)
	}
}

// scored makes a result of a cell of the paper's kind.
func scored(model, attack, method string, seed uint64, cacc, asr, floor int) Result {
	return Result{
		Dataset: "sst-2", Model: model, Attack: attack, Target: 1, Setting: dataset.DefaultSetting(attack), Ratio: "0.1",
		Method: method, Seed: seed, Path: fmt.Sprintf("runs/%s/%s/%s/%d/result.json", model, attack, method, seed),
		Scores: Scores{CACC: Share{cacc, 200}, ASR: Share{asr, 100}, Floor: Share{floor, 100}},
	}
}

func configured(r Result, config string) Result {
	r.Config = json.RawMessage(config)
	r.Path = strings.Replace(r.Path, "runs", "runs/"+config, 1)
	return r
}

func oneSeed() []Result {
	return []Result{
		scored("bert-base", "badnets", "musclelora", 42, 171, 13, 10),
		scored("bert-base", "badnets", "vanilla", 42, 183, 95, 7),
		scored("bert-base", "badnets", "ga+lora", 42, 170, 50, 10),
		scored("bert-base", "stylebkd", "vanilla", 42, 182, 80, 9), // of which the paper has one table
		scored("bert-base", "stylebkd", "lora", 42, 180, 60, 9),
	}
}

func severalSeeds() []Result {
	return []Result{
		scored("bert-base", "hiddenkiller", "musclelora", 42, 172, 20, 9),
		scored("bert-base", "hiddenkiller", "musclelora", 43, 174, 48, 11),
		scored("bert-base", "hiddenkiller", "musclelora", 44, 174, 16, 12),
		scored("bert-base", "hiddenkiller", "vanilla", 42, 180, 95, 8), // only one of it is finished
		scored("bert-base", "addsent", "prefix", 42, 190, 100, 10),
		scored("bert-base", "addsent", "prefix", 43, 190, 100, 22),
		scored("roberta-base", "addsent", "vanilla", 42, 190, 100, 22),
	}
}

// filtered adds what a filter flags.
func filtered(r Result, alarms, detected int) Result {
	r.Scores.FalseAlarms, r.Scores.Detected = &Share{alarms, 200}, &Share{detected, 100}
	return r
}

// filters has rows of methods with a filter beside those without: the paper's, and one that asks another language model.
func filters() []Result {
	return []Result{
		scored("bert-base", "hiddenkiller", "vanilla", 42, 182, 99, 8),
		filtered(scored("bert-base", "hiddenkiller", "strip", 42, 180, 28, 10), 3, 70),
		filtered(scored("bert-base", "hiddenkiller", "strip", 43, 178, 32, 12), 5, 66),
		filtered(configured(scored("bert-base", "hiddenkiller", "onion", 42, 174, 50, 14), `{"language_model": "smollm2-135m"}`), 190, 98),
		scored("bert-base", "hiddenkiller", "musclelora", 42, 172, 20, 9),
	}
}

// oneFilter has a table that is narrow enough with what a filter flags.
func oneFilter() []Result {
	return []Result{scored("bge-small", "hiddenkiller", "vanilla", 42, 182, 99, 8), filtered(scored("bge-small", "hiddenkiller", "rap", 42, 180, 28, 10), 3, 70)}
}

// purifiers have rows of methods that drop training texts; of one nobody knows which are poisoned.
func purifiers() []Result {
	purified := func(r Result, p Purified) Result {
		r.Purified = &p
		return r
	}
	return []Result{
		scored("bge-small", "addsent", "vanilla", 42, 182, 99, 8),
		purified(scored("bge-small", "addsent", "cube", 42, 180, 28, 10), Purified{Texts: 1500, Dropped: 165, Poisoned: 150, DroppedPoisoned: 138}),
		purified(scored("bge-small", "addsent", "cube", 43, 178, 30, 12), Purified{Texts: 1500, Dropped: 150, Poisoned: 150, DroppedPoisoned: 150}),
		purified(scored("bge-small", "addsent", "purify", 42, 180, 20, 10), Purified{Texts: 1500, Dropped: 150}),
		filtered(scored("bge-small", "addsent", "strip", 42, 180, 28, 10), 3, 70),
	}
}

// otherData has nothing in common with the paper; of one data set nobody knows how it was poisoned.
func otherData() []Result {
	plain := scored("bge-small", "unknown", "lora", 42, 150, 0, 7)
	plain.Dataset, plain.Setting, plain.Ratio, plain.Scores.ASR = "my_reviews*|50%", "", "", Share{}
	dirty := scored("bge-small", "badnets", "lora", 42, 170, 50, 10)
	dirty.Setting, dirty.Ratio = "dirty", "0.05"
	return []Result{plain, dirty, scored("bge-small", "badnets", "lora", 42, 175, 40, 10)}
}

func sweep() []Result {
	method := func(seed uint64, cacc int) Result {
		return scored("bge-small", "badnets", "musclelora", seed, cacc, 10, 10)
	}
	return []Result{
		configured(method(42, 160), `{"auxiliary": 128, "scales": [1, 4]}`),
		configured(method(42, 150), `{"auxiliary": 32, "scales": [1, 4]}`),
		configured(method(43, 154), `{"auxiliary": 32, "scales": [1,4]}`), // only written in another way
		configured(method(42, 156), `{"auxiliary": 32, "scales": [1, 8]}`),
		configured(scored("bge-small", "badnets", "vanilla", 42, 180, 90, 10), `{"auxiliary": 96}`),
	}
}

func mustRows(t *testing.T, results []Result, paper bool) []Row {
	t.Helper()
	var published Published
	if paper {
		published = FindPaper
	}
	rows, err := Rows(results, defence.Display, published)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRowsOrder(t *testing.T) {
	var got []string
	for _, r := range mustRows(t, append(oneSeed(), severalSeeds()...), false) {
		got = append(got, fmt.Sprintf("%s %s %s %d", r.Model, r.Attack, r.Method, r.CACC.Seeds))
	}
	want := []string{
		"bert-base badnets vanilla 1", "bert-base badnets musclelora 1", "bert-base badnets ga+lora 1",
		"bert-base addsent prefix 2",
		"bert-base hiddenkiller vanilla 1", "bert-base hiddenkiller musclelora 3",
		"bert-base stylebkd vanilla 1", "bert-base stylebkd lora 1",
		"roberta-base addsent vanilla 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestRowsWithoutPaper(t *testing.T) {
	with, without := mustRows(t, oneSeed(), true), mustRows(t, oneSeed(), false)
	for i := range with {
		if with[i].Paper == nil || without[i].Paper != nil {
			t.Errorf("%s %s: %v with, %v without", with[i].Attack, with[i].Method, with[i].Paper, without[i].Paper)
		}
	}
}

// Seeds of one cell are averaged; what differs in anything else never is.
func TestRowsKeepVariantsApart(t *testing.T) {
	var got []string
	for _, r := range mustRows(t, sweep(), false) {
		got = append(got, fmt.Sprintf("%s [%s] %d %.2f", r.Method, r.Variant, r.CACC.Seeds, r.CACC.Mean))
	}
	want := []string{
		"vanilla [] 1 90.00",
		"musclelora [auxiliary=32 scales=[1,4]] 2 76.00",
		"musclelora [auxiliary=32 scales=[1,8]] 1 78.00",
		"musclelora [auxiliary=128 scales=[1,4]] 1 80.00",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestVariantsOf(t *testing.T) {
	base := func() Result {
		r := configured(scored("bge-small", "badnets", "lora", 42, 1, 1, 1), `{"epochs": 3}`)
		r.Checksums = map[string]string{"data/train": "aa", "data/dev": "bb", "model/model.safetensors": "cc"}
		return r
	}
	for _, test := range []struct {
		name string
		edit func(*Result)
		key  string // "": the same variant
	}{
		{"seed", func(r *Result) { r.Seed = 43 }, ""},
		{"threads", func(r *Result) { r.Threads = 8 }, ""},
		{"kind of device", func(r *Result) { r.Device = "cuda:0" }, "device"},
		{"precision", func(r *Result) { r.Precision = "tf32" }, "precision"},
		{"hyperparameter", func(r *Result) { r.Config = json.RawMessage(`{"epochs": 4}`) }, "epochs"},
		{"hyperparameter of another release", func(r *Result) { r.Config = json.RawMessage(`{"epochs": 3, "warmup": 0}`) }, "warmup"},
		{"hyperparameter at its unwritten value", func(r *Result) { r.Config = json.RawMessage(`{"epochs": 3, "class_weights": "none"}`) }, ""},
		{"hyperparameter that others leave out", func(r *Result) { r.Config = json.RawMessage(`{"epochs": 3, "class_weights": "balanced"}`) }, "class_weights"},
		{"no configuration", func(r *Result) { r.Config = nil }, "epochs"},
		{"target label", func(r *Result) { r.Target = 0 }, "target"},
		{"limit", func(r *Result) { r.Limit = 100 }, "limit"},
		{"data of the same name", func(r *Result) { r.Checksums["data/dev"] = "dd" }, "data"},
		{"weights of the same name", func(r *Result) { r.Checksums["model/model.safetensors"] = "dd" }, "model"},
	} {
		t.Run(test.name, func(t *testing.T) {
			other := base()
			test.edit(&other)
			v := variants([]Result{base(), other})
			if test.key == "" {
				if len(v[0]) != 0 || len(v[1]) != 0 {
					t.Errorf("got %v", v)
				}
				return
			}
			if len(v[0]) != 1 || len(v[1]) != 1 || v[0][0].Key != test.key || v[1][0].Key != test.key || v[0][0].Value == v[1][0].Value {
				t.Errorf("got %v, want them to differ in %s", v, test.key)
			}
		})
	}
}

func TestRowsRefuseACellTwice(t *testing.T) {
	twice := append(oneSeed(), oneSeed()[1])
	twice[len(twice)-1].Path = "copy/result.json"
	_, err := Rows(twice, defence.Display, FindPaper)
	want := "runs/bert-base/badnets/vanilla/42/result.json and copy/result.json are of the same cell"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
