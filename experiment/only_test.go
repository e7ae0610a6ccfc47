package experiment

import (
	"errors"
	"fmt"
	"testing"

	"go.yaml.in/yaml/v3"

	"mslora/internal/hint"
	"mslora/params"
)

func TestOnly(t *testing.T) {
	grid := Config{
		Models: []string{"bert-base", "models/mine"}, Data: []string{"sst-2", "sets/reviews"}, Attacks: []string{"badnets", "addsent"},
		Methods: []string{"vanilla", "lora", "musclelora"}, Seeds: []uint64{42, 43},
		Ratio: List[string]{"0.1", "0.2"}, Hyperparameters: Axes{params.LearningRate: {1e-5, 2e-5}, params.Scales: {[]float64{1, 4}, []float64{2}}},
	}
	for _, test := range []struct {
		conditions []string
		want       string // models, data, attacks, methods, seeds
	}{
		{nil, "[bert-base models/mine] [sst-2 sets/reviews] [badnets addsent] [vanilla lora musclelora] [42 43]"},
		{[]string{"attack=badnets"}, "[bert-base models/mine] [sst-2 sets/reviews] [badnets] [vanilla lora musclelora] [42 43]"},
		{[]string{"attack=badnets", "method=lora", "method=vanilla"}, "[bert-base models/mine] [sst-2 sets/reviews] [badnets] [vanilla lora] [42 43]"},
		{[]string{"method=musclelora,vanilla", "seed=43"}, "[bert-base models/mine] [sst-2 sets/reviews] [badnets addsent] [vanilla musclelora] [43]"},
		{[]string{"dataset=reviews", "model=models/mine"}, "[models/mine] [sets/reviews] [badnets addsent] [vanilla lora musclelora] [42 43]"},
	} {
		c, err := grid.Only(test.conditions)
		if got := fmt.Sprint(c.Models, c.Data, c.Attacks, c.Methods, c.Seeds); err != nil || got != test.want {
			t.Errorf("%q: error %v\n got %s\nwant %s", test.conditions, err, got, test.want)
		}
	}
	for _, test := range []struct {
		conditions []string
		want       string // ratios, learning rates, scales
	}{
		{[]string{"ratio=0.2"}, "[0.2] map[learning_rate:[1e-05 2e-05] scales:[[1 4] [2]]]"},
		{[]string{"learning_rate=2e-5", "scales=1,4"}, "[0.1 0.2] map[learning_rate:[2e-05] scales:[[1 4]]]"},
		{[]string{"lr=0.00001,2e-5", "scales=2"}, "[0.1 0.2] map[learning_rate:[1e-05 2e-05] scales:[[2]]]"},
	} {
		c, err := grid.Only(test.conditions)
		if got := fmt.Sprint(c.Ratio, c.Hyperparameters); err != nil || got != test.want {
			t.Errorf("%q: error %v\n got %s\nwant %s", test.conditions, err, got, test.want)
		}
	}
	if got := fmt.Sprint(grid.Hyperparameters); got != "map[learning_rate:[1e-05 2e-05] scales:[[1 4] [2]]]" {
		t.Errorf("the whole grid was changed: %s", got)
	}
	if got := fmt.Sprint(grid.Attacks, grid.Methods); got != "[badnets addsent] [vanilla lora musclelora]" {
		t.Errorf("the whole grid was changed: %s", got)
	}
	for _, test := range []struct{ condition, message, hint string }{
		{"attack", "--only attack: expected KEY=VALUE", "for example --only attack=badnets; keys are dataset, attack, model, method, seed, target, setting, ratio, limit, precision, learning_rate, scales"},
		{"attacks=badnets", "--only attacks=badnets: expected KEY=VALUE", "for example --only attack=badnets; keys are dataset, attack, model, method, seed, target, setting, ratio, limit, precision, learning_rate, scales"},
		{"attack=stylebkd", "--only attack=stylebkd matches nothing in the configuration", "there are: badnets, addsent"},
		{"attack=badnets,", "--only attack= matches nothing in the configuration", "there are: badnets, addsent"},
		{"dataset=review", "--only dataset=review matches nothing in the configuration", "there are: sst-2, reviews"},
		{"lr=1e-3", "--only lr=1e-3 matches nothing in the configuration", "there are: 1e-05, 2e-05"},
		{"seed=7", "--only seed=7 matches nothing in the configuration", "there are: 42, 43"},
	} {
		_, err := grid.Only([]string{test.condition})
		var hinted *hint.Error
		if err == nil || err.Error() != test.message || !errors.As(err, &hinted) || hinted.Hint != test.hint {
			t.Errorf("%s: error %v, hint %q", test.condition, err, hinted.Hint)
		}
	}
}

// A part of a grid, written and read, is the same part: so are the methods that a condition on a hyperparameter leaves out.
func TestOnlyIsWritten(t *testing.T) {
	grid := DefaultConfig()
	grid.Attacks = []string{"badnets", "addsent", "stylebkd"}
	grid.Hyperparameters = Axes{params.Auxiliary: {64, 96}}
	part, err := grid.Only([]string{"attack=badnets,addsent", "auxiliary=96"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		more []string
		want string // attacks, values, conditions
	}{
		{nil, "[badnets addsent] map[auxiliary:[96]] [attack=badnets,addsent auxiliary=96]"},
		{[]string{"attack=addsent"}, "[addsent] map[auxiliary:[96]] [attack=badnets,addsent auxiliary=96 attack=addsent]"},
	} {
		c, err := read.Only(test.more)
		if got := fmt.Sprint(c.Attacks, c.Hyperparameters, c.Conditions); err != nil || got != test.want {
			t.Errorf("%q: error %v\n got %s\nwant %s", test.more, err, got, test.want)
		}
		if c.has(Cell{Method: "lora"}) || !c.has(Cell{Hyperparameters: params.Values{params.Auxiliary: 96}}) {
			t.Errorf("%q: methods without the hyperparameter are not left out", test.more)
		}
	}
	if _, err := read.Only([]string{"attack=stylebkd"}); err == nil {
		t.Error("what an earlier condition left out is back")
	}
}
