package params

import (
	"math"
	"reflect"
	"testing"
)

func find(t testing.TB, name string) Parameter {
	t.Helper()
	p, ok := Find(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return p
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       any
		err        string
	}{
		{Epochs, "3", 3, ""},
		{Epochs, " 3 ", 3, ""},
		{Epochs, "0", nil, "epochs is 0"},
		{Epochs, "-1", nil, "epochs is -1"},
		{Epochs, "1.5", nil, `epochs is "1.5"`},
		{Epochs, "99999999999999999999", nil, `epochs is "99999999999999999999"`},
		{LearningRate, "2e-5", 2e-5, ""},
		{LearningRate, "0", nil, "learning_rate is 0"},
		{LearningRate, "1.5", nil, "learning_rate is 1.5"},
		{LearningRate, "NaN", nil, "learning_rate is NaN"},
		{LearningRate, "inf", nil, "learning_rate is +Inf"},
		{ClipNorm, "inf", nil, "clip_norm is +Inf"},
		{WeightDecay, "0", 0.0, ""},
		{WeightDecay, "-0.1", nil, "weight_decay is -0.1"},
		{WeightDecay, "nan", nil, "weight_decay is NaN"},
		{MaxTokens, "513", nil, "max_tokens is 513"},
		{LoRARank, "100000000", nil, "lora_rank is 100000000"},
		{LoRAAlpha, "0", nil, "lora_alpha is 0"},
		{LoRAAlpha, "-inf", nil, "lora_alpha is -Inf"},
		{ScaleAlpha, "0", nil, "scale_alpha is 0"},
		{Head, "trained", "trained", ""},
		{Head, "thawed", nil, `head is "thawed"`},
		{Align, "", nil, `align is ""`},
		{Scales, "1, 4,8", []float64{1, 4, 8}, ""},
		{Scales, "1,0", nil, "scales is [1 0]"},
		{Scales, "1,,2", nil, `scales is "1,,2"`},
		{Scales, "1,nan", nil, "scales is [1 NaN]"},
		{Scales, "", nil, `scales is ""`},
		{"mu_max", "1.5", nil, "mu_max is 1.5"},
		{"mix_from", "-1", nil, "mix_from is -1"},
		{Bottleneck, "0", nil, "bottleneck is 0"},
		{PrefixLength, "-8", nil, "prefix_length is -8"},
	} {
		got, err := find(t, test.name).Parse(test.text)
		if test.err == "" && (err != nil || !reflect.DeepEqual(got, test.want)) {
			t.Errorf("%s %q: got %v, error %v", test.name, test.text, got, err)
		}
		if test.err != "" && (err == nil || err.Error() != test.err) {
			t.Errorf("%s %q: error %v, want %q", test.name, test.text, err, test.err)
		}
	}
}

func TestParseAll(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []any
	}{
		{LearningRate, "1e-5,2e-5", []any{1e-5, 2e-5}},
		{LoRARank, "4", []any{4}},
		{Scales, "1,4;2", []any{[]float64{1, 4}, []float64{2}}},
		{Head, "frozen, trained", []any{"frozen", "trained"}},
		{LoRARank, "4,", nil},
	} {
		got, err := find(t, test.name).ParseAll(test.text)
		if (err == nil) != (test.want != nil) || err == nil && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s %q: got %v, error %v", test.name, test.text, got, err)
		}
	}
}

// Every row must be usable: its default is in range, and Format writes what Parse reads.
func TestTable(t *testing.T) {
	names, flags := map[string]bool{}, map[string]bool{}
	for _, p := range Table {
		if names[p.Name] || flags[p.Flag] || p.Name == "" || p.Flag == "" || p.Help == "" || len(p.Parts) == 0 {
			t.Errorf("row %+v is incomplete or there twice", p)
		}
		names[p.Name], flags[p.Flag] = true, true
		if err := p.Check(p.Default); err != nil {
			t.Error(err)
		}
		if p.Unwritten != nil && p.Check(p.Unwritten) != nil {
			t.Errorf("%s cannot have the value %v that is not written", p.Name, p.Unwritten)
		}
		again, err := p.Parse(Format(p.Default))
		if err != nil || !reflect.DeepEqual(again, p.Default) {
			t.Errorf("%s: %v became %v, error %v", p.Name, p.Default, again, err)
		}
		if p.Kind != Word && (math.IsInf(p.Max, 0) || p.Max <= p.Min) {
			t.Errorf("%s has no upper bound", p.Name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("scales", "1,2,3")
	f.Add("learning_rate", "1e-5")
	f.Fuzz(func(t *testing.T, name, text string) {
		p, ok := Find(name)
		if !ok {
			return
		}
		value, err := p.Parse(text)
		if err != nil {
			return
		}
		again, err := p.Parse(Format(value))
		if err != nil || !reflect.DeepEqual(again, value) {
			t.Errorf("%s: %v became %v, error %v", name, value, again, err)
		}
	})
}
