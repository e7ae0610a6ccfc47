package experiment

import (
	"encoding/json"
	"testing"

	"mslora/defence"
	"mslora/eval"
	"mslora/params"
)

// The paper's number stands beside a cell with the settings of its code or its text, and beside no other.
func TestFindPaper(t *testing.T) {
	for _, test := range []struct {
		name, variant, method string
		over                  params.Values
		want                  bool
	}{
		{"the code's settings", PresetAuthors, "musclelora", nil, true},
		{"the text's settings", PresetPaper, "musclelora", nil, true},
		{"full fine-tuning", PresetAuthors, "vanilla", nil, true},
		{"what is the default, given", PresetAuthors, "musclelora", params.Values{params.Auxiliary: 96}, true},
		{"other auxiliary texts", PresetAuthors, "musclelora", params.Values{params.Auxiliary: 16}, false},
		{"another learning rate", PresetAuthors, "vanilla", params.Values{params.LearningRate: 1e-4}, false},
		{"another mu", PresetAuthors, "musclelora", params.Values{"mu_max": 0.2}, false},
		{"other scales", PresetAuthors, "musclelora", params.Values{params.Scales: []float64{1, 2, 3}}, false},
		{"fewer epochs", PresetAuthors, "lora", params.Values{params.Epochs: 1}, false},
		{"weights of classes, which are left out where there are none", PresetAuthors, "lora", params.Values{params.ClassWeights: params.WeightsBalanced}, false},
		{"another language model, which has eval's rule", PresetAuthors, "onion", params.Values{params.LanguageModel: "/models/gpt2"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			method, err := defence.Find(test.method)
			if err != nil {
				t.Fatal(err)
			}
			preset, err := FindPreset(test.variant, "bert-12x768")
			if err != nil {
				t.Fatal(err)
			}
			config, err := json.Marshal(preset.For(method, test.over))
			if err != nil {
				t.Fatal(err)
			}
			r := eval.Result{
				Dataset: "sst-2", Model: "bert-base", Architecture: "bert-12x768", Method: test.method, Attack: "addsent", Setting: "mix", Ratio: "0.1", Target: 1, Config: config,
			}
			if _, got := FindPaper(r); got != test.want {
				t.Errorf("%v, want %v, of %s", got, test.want, config)
			}
			r.Limit = 100
			if _, got := FindPaper(r); got {
				t.Error("some of the texts are all of them")
			}
		})
	}
	if _, found := FindPaper(eval.Result{Dataset: "sst-2", Model: "bert-base", Architecture: "bert-12x768", Method: "musclelora", Attack: "addsent", Setting: "mix", Ratio: "0.1", Target: 1}); !found {
		t.Error("a result that tells no settings is not the paper's")
	}
}
