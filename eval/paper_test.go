package eval

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestPaperCells(t *testing.T) {
	// Table 1 has 4 data sets x 4 attacks x 5 methods, and so on.
	want := map[int]int{1: 80, 2: 21, 3: 48, 4: 18, 7: 120, 8: 72, 9: 21}
	got := map[int]int{}
	for _, c := range PaperCells {
		got[c.Table]++
		if c.CACC <= 0 || c.CACC > 100 || c.ASR < 0 || c.ASR > 100 {
			t.Errorf("%+v is out of range", c)
		}
	}
	if len(PaperCells) != 380 {
		t.Errorf("%d cells, want 380", len(PaperCells))
	}
	for table, n := range want {
		if got[table] != n {
			t.Errorf("table %d has %d cells, want %d", table, got[table], n)
		}
	}
	for _, c := range []PaperCell{ // read off the paper
		{1, "sst-2", "bert-base", "vanilla", "badnets", 91.27, 94.63},
		{7, "sst-2", "roberta-large", "musclelora", "hiddenkiller", 92.59, 10.96},
		{7, "agnews", "bert-large", "prefix", "stylebkd", 91.76, 82.99},
		{8, "sst-2", "roberta-base", "ga", "addsent", 93.46, 100},
		{9, "sst-2", "bert-large", "cube", "hiddenkiller", 92.53, 21.93},
	} {
		if !slices.Contains(PaperCells, c) {
			t.Errorf("%+v is missing", c)
		}
	}
}

func TestFindPaper(t *testing.T) {
	cell := func(edit func(*Result)) Result {
		r := Result{Dataset: "sst-2", Model: "bert-base", Method: "musclelora", Attack: "badnets", Setting: "clean", Ratio: "0.1", Target: 1}
		edit(&r)
		return r
	}
	onion := func(languageModel string) Result {
		return cell(func(r *Result) {
			r.Method, r.Attack, r.Setting, r.Config = "onion", "addsent", "mix", json.RawMessage(`{"language_model": `+languageModel+`}`)
		})
	}
	for _, test := range []struct {
		name  string
		r     Result
		table int // 0: not in the paper
	}{
		{"table 1 before table 3", cell(func(r *Result) {}), 1},
		{"an ablation", cell(func(r *Result) { r.Method = "ga+lora" }), 3},
		{"another spelling of the ratio", cell(func(r *Result) { r.Ratio = "0.10" }), 1},
		{"names as on the model hub", cell(func(r *Result) { r.Dataset, r.Model = "SST-2", "bert-base-uncased" }), 1},
		{"an attack on all texts", cell(func(r *Result) { r.Attack, r.Setting = "addsent", "mix" }), 1},
		{"a filter that asks the paper's language model", onion(`"/models/gpt2"`), 2},
		{"a filter that asks another", onion(`"smollm2-135m"`), 0},
		{"another model", cell(func(r *Result) { r.Model = "bge-small" }), 0},
		{"another data set", cell(func(r *Result) { r.Dataset = "reviews" }), 0},
		{"another poison ratio", cell(func(r *Result) { r.Ratio = "0.2" }), 0},
		{"no known ratio", cell(func(r *Result) { r.Ratio = "" }), 0},
		{"some of the texts", cell(func(r *Result) { r.Limit = 100 }), 0},
		{"another target label", cell(func(r *Result) { r.Target = 0 }), 0},
		{"other texts poisoned", cell(func(r *Result) { r.Setting = "dirty" }), 0},
	} {
		got, found := FindPaper(test.r)
		if found != (test.table > 0) || got.Table != test.table {
			t.Errorf("%s: %+v %v, want table %d", test.name, got, found, test.table)
		}
	}
	if c, _ := FindPaper(cell(func(*Result) {})); c.CACC != 86.54 || c.ASR != 12.94 {
		t.Errorf("MuScleLoRA against BadNets: %+v", c)
	}
}
