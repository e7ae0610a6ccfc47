package catalog

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/atomicfile"
	"mslora/internal/download"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
)

// FetchDataset gets a data set of the authors' release into a folder in the layout that dataset.Load reads. done is false
// if all its files were there. Every file is compared with its checksum, if that is known (Unchecked); a new folder appears
// when it is complete. A folder that holds anything else is refused with ownfolder.ErrForeign, with or without force.
func FetchDataset(ctx context.Context, name, folder string, o FetchOptions) (done bool, err error) {
	if !isDataset(name) {
		return false, hint.New("data sets: "+strings.Join(DataNames, ", "), "unknown data set %q", name)
	}
	return fetchFiles(ctx, filesOf(name), folder, o)
}

// dataFolder is the kind of folder that a data set is fetched into. In a folder without a marker, such as a copy of the
// release, a file counts as the data set's only if it is the authors'.
func dataFolder(files []dataFile, folder string) ownfolder.Kind {
	kind := ownfolder.Kind{Name: "fetched data set", Recognise: func(string) bool { return true }}
	_, err := os.Stat(filepath.Join(folder, ownfolder.Marker))
	marked := err == nil
	for _, f := range files {
		err := download.Verify(filepath.Join(folder, filepath.FromSlash(f.path)), f.download())
		if marked || err == nil || errors.Is(err, fs.ErrNotExist) {
			kind.Files = append(kind.Files, f.path)
		}
	}
	return kind
}

func fetchFiles(ctx context.Context, files []dataFile, folder string, o FetchOptions) (done bool, err error) {
	var missing []dataFile
	for _, f := range files {
		path := filepath.Join(folder, filepath.FromSlash(f.path))
		switch err := download.Verify(path, f.download()); {
		case err == nil:
		case errors.Is(err, fs.ErrNotExist) && o.Offline:
			return false, o.offline(folder, f.path)
		case errors.Is(err, fs.ErrNotExist), o.Force && !o.Offline:
			missing = append(missing, f)
		default:
			return false, hint.New("it is not the authors' file; --force replaces it if `mslora fetch` put it there", "%w", err)
		}
	}
	if len(missing) == 0 {
		return false, nil
	}
	kind := dataFolder(files, folder)
	if _, err := kind.Check(folder); err != nil {
		return false, err
	}
	endpoint := o.Endpoint
	if endpoint == "" {
		endpoint = DataEndpoint
	}
	stage := stageOf(folder)
	unlock, err := makeStage(stage)
	if err != nil {
		return false, err
	}
	defer unlock()
	staged := func(f dataFile) string { return filepath.Join(stage, url.PathEscape(f.source)) }
	for _, f := range missing { // equal files come once
		from, err := address(endpoint, f.source)
		if err != nil {
			return false, err
		}
		file := f.download()
		file.URL = from
		if err := o.get(ctx, file, staged(f), f.path); err != nil {
			return false, err
		}
	}
	target := folder
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		target = filepath.Join(stage, freshFolder)
		if err := os.RemoveAll(target); err != nil {
			return false, err
		}
	}
	if err := kind.Claim(target); err != nil {
		return false, err
	}
	for _, f := range missing {
		data, err := os.ReadFile(staged(f))
		if err != nil {
			return false, err
		}
		path := filepath.Join(target, filepath.FromSlash(f.path))
		if _, err := os.Stat(path); err == nil {
			o.replacing(path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return false, err
		}
		if err := atomicfile.WriteFile(path, data, 0o644); err != nil {
			return false, err
		}
	}
	if target != folder {
		return true, o.replace(kind, folder, target, stage)
	}
	return true, removeStage(stage)
}
