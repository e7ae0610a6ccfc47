package catalog

import (
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

// ModelFolder resolves a model: a folder with config.json as it is, a known name in each of ModelFolders.
func ModelFolder(model string) (string, error) {
	if hasConfig(model) {
		return model, nil
	}
	known, ok := findModel(model)
	if !ok {
		return "", hint.New("give a Hugging Face folder with config.json and model.safetensors, or one of "+strings.Join(ModelNames(), ", "),
			"no model at %q", model)
	}
	if folder, ok := find(ModelFolders(), model, hasConfig); ok {
		return folder, nil
	}
	return "", hint.New(known.howToGet()+"; looked in "+strings.Join(ModelFolders(), ", "), "model %s is not on this machine", model)
}

// ModelFolders lists where named models are looked for: $MSLORA_MODELS, then .deps/models in the working
// folder and above it.
func ModelFolders() []string { return places("MSLORA_MODELS", "models") }

// DataFolder resolves a data set: a folder or file as it is, a name of the paper's in each of DataFolders.
func DataFolder(data string) (string, error) {
	if _, err := os.Stat(data); err == nil || !isDataset(data) {
		return data, nil // who reads it says what is missing
	}
	if folder, ok := find(DataFolders(), data, isFolder); ok {
		return folder, nil
	}
	return "", hint.New("`mslora fetch "+data+"` gets it; looked in "+strings.Join(DataFolders(), ", "), "data set %s is not on this machine", data)
}

// DataFolders lists where the paper's data sets are looked for: $MSLORA_DATA, then .deps/data in the working
// folder and above it.
func DataFolders() []string { return places("MSLORA_DATA", "data") }

func hasConfig(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "config.json"))
	return err == nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// find looks for name in each of places.
func find(places []string, name string, good func(string) bool) (string, bool) {
	for _, place := range places {
		if folder := filepath.Join(place, name); good(folder) {
			return folder, true
		}
	}
	return "", false
}

// Place is where a fetched name goes: where it is among places, or else into the first of them.
func Place(places []string, name string) string {
	if folder, ok := find(places, name, isFolder); ok {
		return folder
	}
	return filepath.Join(places[0], name)
}

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
