package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// extension is what the names of files of weights end with.
const extension = ".safetensors"

// OpenIndex opens the shards that a model.safetensors.index.json lists, all in its folder, as one file:
//
//	{"metadata": {…}, "weight_map": {"TENSOR": "model-00001-of-00002.safetensors", …}}
//
// Every listed tensor must be in its shard; what a shard has besides is left out. A shard may be a link to elsewhere, as
// in model caches. Errors about the content wrap ErrFormat.
func OpenIndex(path string) (*File, error) {
	shards, err := ReadIndex(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, tensors: map[string]Tensor{}, owners: map[string]*File{}}
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		if err := f.addShard(filepath.Join(filepath.Dir(path), name), shards[name]); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// ReadIndex gives the tensors that a model.safetensors.index.json lists for each shard, sorted. Shards are names of
// .safetensors files beside the index, whatever it says. Errors about the content wrap ErrFormat.
func ReadIndex(path string) (map[string][]string, error) {
	data, err := regular.Read(path, maxHeader)
	if err != nil {
		return nil, err
	}
	shards, err := parseIndex(data)
	if err != nil {
		return nil, hint.New("download the file again", "%s: %w: %w", path, ErrFormat, err)
	}
	return shards, nil
}

// parseIndex gives the tensors of each shard.
func parseIndex(data []byte) (map[string][]string, error) {
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	if len(index.WeightMap) == 0 {
		return nil, errors.New("weight_map lists no tensor")
	}
	shards := map[string][]string{}
	for _, tensor := range slices.Sorted(maps.Keys(index.WeightMap)) {
		name := index.WeightMap[tensor]
		if name != filepath.Base(name) || !filepath.IsLocal(name) || filepath.Ext(name) != extension || name == extension {
			return nil, fmt.Errorf("tensor %s is in %s, expected a %s file beside the index", hint.Quote(tensor), hint.Quote(name), extension)
		}
		shards[name] = append(shards[name], tensor)
	}
	return shards, nil
}

// addShard opens one shard and takes its listed tensors over.
func (f *File) addShard(path string, tensors []string) error {
	shard, err := Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return hint.New("download the missing shard into the same folder", "%s lists %s, which is missing: %w", f.Path, filepath.Base(path), fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	f.shards = append(f.shards, shard)
	for _, name := range tensors {
		tensor, ok := shard.tensors[name]
		if !ok {
			return hint.New("index and shards are of different models or versions; download them again",
				"%s: %w: tensor %q is not in %s", f.Path, ErrFormat, name, filepath.Base(path))
		}
		f.tensors[name], f.owners[name] = tensor, shard
		f.names = append(f.names, name)
	}
	return nil
}

// Files are the paths of the files that hold the data: of the shards, or of the file itself.
func (f *File) Files() []string {
	if len(f.shards) == 0 {
		return []string{f.Path}
	}
	var paths []string
	for _, shard := range f.shards {
		paths = append(paths, shard.Path)
	}
	return paths
}
