package experiment

import (
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

// modelNames are the models that can be named instead of giving a folder.
var modelNames = []string{"bge-small", "minilm", "bert-base"}

// ModelFolder resolves a model: a folder with config.json as it is, a known name in each of ModelFolders.
func ModelFolder(model string) (string, error) {
	if _, err := os.Stat(filepath.Join(model, "config.json")); err == nil {
		return model, nil
	}
	for _, name := range modelNames {
		if model != name {
			continue
		}
		places := ModelFolders()
		for _, place := range places {
			folder := filepath.Join(place, name)
			if _, err := os.Stat(filepath.Join(folder, "config.json")); err == nil {
				return folder, nil
			}
		}
		return "", hint.New("`python3 tools/fetch_model.py "+name+"` fetches it; looked in "+strings.Join(places, ", "),
			"model %s is not on this machine", name)
	}
	return "", hint.New("give a Hugging Face folder with config.json and model.safetensors, or one of "+strings.Join(modelNames, ", "),
		"no model at %q", model)
}

// ModelFolders lists where named models are looked for: $MSLORA_MODELS, then .deps/models in the working
// folder and above it.
func ModelFolders() []string {
	var places []string
	if place := os.Getenv("MSLORA_MODELS"); place != "" {
		places = append(places, place)
	}
	folder, err := os.Getwd()
	if err != nil {
		return places
	}
	for {
		places = append(places, filepath.Join(folder, ".deps", "models"))
		parent := filepath.Dir(folder)
		if parent == folder {
			return places
		}
		folder = parent
	}
}
