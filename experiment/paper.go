package experiment

import (
	"encoding/json"
	"reflect"

	"mslora/defence"
	"mslora/eval"
	"mslora/params"
)

// FindPaper gives the paper's cell of a result, as eval.FindPaper, if the result has the paper's hyperparameters, too: those of its code or of
// its text.
func FindPaper(r eval.Result) (eval.PaperCell, bool) {
	cell, found := eval.FindPaper(r)
	if !found {
		return cell, false
	}
	for _, variant := range []string{PresetAuthors, PresetPaper} {
		if asPreset(r, variant) {
			return cell, true
		}
	}
	return eval.PaperCell{}, false
}

// asPreset tells whether a result's hyperparameters are those of its architecture's preset. What a result does not tell is not held against
// it; which language model was asked, eval.FindPaper knows.
func asPreset(r eval.Result, variant string) bool {
	method, err := defence.Find(r.Method)
	if err != nil {
		return false
	}
	preset, err := FindPreset(variant, r.Architecture)
	if err != nil {
		return false
	}
	encoded, err := json.Marshal(preset.For(method, nil))
	if err != nil {
		return false
	}
	var want, got map[string]any
	if json.Unmarshal(encoded, &want) != nil {
		return false
	}
	json.Unmarshal(r.Config, &got) // a result without a configuration tells nothing
	for name, value := range got {
		if name != params.LanguageModel && !reflect.DeepEqual(value, want[name]) {
			return false
		}
	}
	return true
}
