package params

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestYAML(t *testing.T) {
	values := Defaults().With(Values{LearningRate: 2e-5, Scales: []float64{1, 4.5}, Head: HeadTrained})
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if want := "learning_rate: 2e-05\n"; !strings.Contains(string(text), want) {
		t.Errorf("%s lacks %s", text, want)
	}
	if want := "scales: [1, 4.5]\n"; !strings.Contains(string(text), want) {
		t.Errorf("%s lacks %s", text, want)
	}
	var again Values
	for _, name := range []string{ClassWeights, Suspected} { // as before their rows existed: not written
		delete(values, name)
	}
	if err := yaml.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, values) {
		t.Errorf("got %v, error %v", again, err)
	}
}

// What is as before its row existed is not written, so that cells keep their IDs, and is read all the same.
func TestUnwritten(t *testing.T) {
	for _, test := range []struct {
		values     Values
		yaml, json string
		weights    string
	}{
		{Values{Epochs: 3, ClassWeights: WeightsNone}, "epochs: 3\n", `{"epochs":3}`, WeightsNone},
		{Values{Epochs: 3}, "epochs: 3\n", `{"epochs":3}`, WeightsNone},
		{Values{Epochs: 3, ClassWeights: WeightsBalanced}, "epochs: 3\nclass_weights: balanced\n", `{"epochs":3,"class_weights":"balanced"}`, WeightsBalanced},
	} {
		text, err := yaml.Marshal(test.values)
		if err != nil || string(text) != test.yaml {
			t.Errorf("%v: YAML %q, error %v, want %q", test.values, text, err, test.yaml)
		}
		encoded, err := json.Marshal(test.values)
		if err != nil || string(encoded) != test.json {
			t.Errorf("%v: JSON %s, error %v, want %s", test.values, encoded, err, test.json)
		}
		var again Values
		if err := yaml.Unmarshal(text, &again); err != nil || again.Word(ClassWeights) != test.weights {
			t.Errorf("%v: %q is read as %v, error %v", test.values, text, again, err)
		}
	}
}

func TestYAMLErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"lr: 1", "line 1: unknown key lr"},
		{"epochs: 1\nepochs: 2", "line 2: epochs is there twice"},
		{"epochs: many", `line 1: epochs is "many"`},
		{"epochs: 1\nlearning_rate: .nan", "line 2: learning_rate is NaN"},
		{"learning_rate: .inf", "line 1: learning_rate is +Inf"},
		{"scales: 1", `line 1: scales is "1"`},
		{"[1]", `line 1: hyperparameters are "", expected names with values`},
	} {
		var v Values
		err := yaml.Unmarshal([]byte(test.text), &v)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %s", test.text, err, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	encoded, err := json.Marshal(Values{Scales: []float64{1, 2}, Epochs: 3, Align: "always", LearningRate: 1e-5})
	if want := `{"epochs":3,"learning_rate":0.00001,"scales":[1,2],"align":"always"}`; err != nil || string(encoded) != want {
		t.Errorf("got %s, error %v, want %s", encoded, err, want)
	}
}

func TestOnly(t *testing.T) {
	for _, test := range []struct {
		parts    []string
		has, not string
	}{
		{[]string{Training}, "epochs learning_rate", "lora_rank scales align mu_max head bottleneck"},
		{[]string{Training, LoRA}, "lora_rank head", "scales auxiliary"},
		{[]string{Training, LoRA, MultiScale, Alignment, AlignmentBy("always")}, "scales auxiliary align", "mu_max min_aux_loss"},
		{[]string{Training, Alignment, AlignmentBy("paper")}, "mu_max", "mix_from min_aux_norm"},
		{[]string{Training, Alignment, AlignmentBy("authors")}, "mu_max mix_from min_aux_loss min_aux_norm", "lora_rank"},
		{[]string{Training, Prefixes}, "prefix_length", "bottleneck"},
	} {
		only := Defaults().Only(test.parts)
		for name := range strings.FieldsSeq(test.has) {
			if !only.Has(name) {
				t.Errorf("%v: %s is lost", test.parts, name)
			}
		}
		for name := range strings.FieldsSeq(test.not) {
			if only.Has(name) {
				t.Errorf("%v: %s is there", test.parts, name)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		values Values
		want   string
	}{
		{Defaults(), ""},
		{Values{"rank": 1}, `unknown hyperparameter "rank"`},
		{Values{Epochs: 1.0}, "epochs is 1"},
		{Values{LearningRate: 1}, "learning_rate is 1"},
	} {
		err := test.values.Check()
		if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%v: error %v, want %q", test.values, err, test.want)
		}
	}
}
