package experiment

import (
	"os"
	"path/filepath"
	"slices"
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
	if !slices.Contains(modelNames, model) {
		return "", hint.New("give a Hugging Face folder with config.json and model.safetensors, or one of "+strings.Join(modelNames, ", "),
			"no model at %q", model)
	}
	places := ModelFolders()
	for _, place := range places {
		folder := filepath.Join(place, model)
		if _, err := os.Stat(filepath.Join(folder, "config.json")); err == nil {
			return folder, nil
		}
	}
	return "", hint.New("`python3 tools/fetch_model.py "+model+"` fetches it; looked in "+strings.Join(places, ", "),
		"model %s is not on this machine", model)
}

// ModelFolders lists where named models are looked for: $MSLORA_MODELS, then .deps/models in the working
// folder and above it.
func ModelFolders() []string { return places("MSLORA_MODELS", "models") }

// DataNames are the paper's data sets, which can be named instead of giving a folder.
var DataNames = []string{"sst-2", "hsol", "lingspam", "agnews"}

// DataFolder resolves a data set: a folder or file as it is, a name of the paper's in each of DataFolders.
func DataFolder(data string) (string, error) {
	if _, err := os.Stat(data); err == nil || !slices.Contains(DataNames, data) {
		return data, nil // who reads it says what is missing
	}
	places := DataFolders()
	for _, place := range places {
		folder := filepath.Join(place, data)
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder, nil
		}
	}
	return "", hint.New("put its folder of the authors' release into one of "+strings.Join(places, ", ")+", or give the folder",
		"data set %s is not on this machine", data)
}

// DataFolders lists where the paper's data sets are looked for: $MSLORA_DATA, then .deps/data in the working
// folder and above it.
func DataFolders() []string { return places("MSLORA_DATA", "data") }

// places lists the folder that an environment variable names, then .deps/BELOW in the working folder and above it.
func places(variable, below string) (folders []string) {
	if place := os.Getenv(variable); place != "" {
		folders = append(folders, place)
	}
	folder, err := os.Getwd()
	if err != nil {
		return folders
	}
	for {
		folders = append(folders, filepath.Join(folder, ".deps", below))
		parent := filepath.Dir(folder)
		if parent == folder {
			return folders
		}
		folder = parent
	}
}
