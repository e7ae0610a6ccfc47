package experiment

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

// mostListed is the number of cells that an error lists.
const mostListed = 5

// FindCell gives the folder of a finished cell: folder itself, or the only one below it.
func FindCell(folder string) (string, error) {
	if exists(filepath.Join(folder, configFile)) {
		return folder, nil
	}
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() == ResultFile && exists(filepath.Join(filepath.Dir(path), configFile)) {
			found = append(found, filepath.Dir(path))
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	case len(found) == 0:
		return "", hint.New("give the folder that holds result.json", "%s is no cell of a run: it has no %s", folder, configFile)
	case len(found) > 1:
		list := strings.Join(found[:min(len(found), mostListed)], ", ")
		if len(found) > mostListed {
			list += ", …"
		}
		return "", hint.New("give one of them: "+list, "there are %d finished cells below %s", len(found), folder)
	}
	return found[0], nil
}
