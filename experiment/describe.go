package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/dataset"
	"mslora/eval"
	"mslora/graphs"
	"mslora/ortrain"
)

// Release is the version of this program.
const Release = "0.1.0"

// describe adds what is needed to repeat the cell: its configuration, versions and checksums.
func (p *Plan) describe(r *eval.Result, cell Cell) (err error) {
	r.Dataset, r.Attack, r.Target, r.Setting, r.Ratio = cell.Dataset, cell.Attack, cell.Target, cell.Setting, cell.Ratio
	r.Model, r.Architecture, r.Method, r.Seed = cell.Model, cell.Architecture, cell.Method, cell.Seed
	r.Limit = cell.Limit
	r.Device, r.Threads = p.Device.String(), p.Device.Threads
	r.Versions, r.Checksums = Versions(), cell.Checksums
	r.Config, err = json.Marshal(cell.Hyperparameters)
	return err
}

// checksums are those of everything that goes into a cell.
func checksums(model *loadedModel, set *dataset.Dataset, topologies ortrain.Topologies) (map[string]string, error) {
	sums, err := model.sums()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(sums)
	for _, file := range set.Files {
		all["data/"+file.Role] = file.SHA256
	}
	for _, t := range []*graphs.Topology{topologies.Train, topologies.Evaluate} {
		all["graph/"+t.Manifest.Method] = t.Manifest.SHA256
	}
	return all, nil
}

// sums gives the SHA-256 of the model's files, computed once.
func (m *loadedModel) sums() (map[string]string, error) {
	if m.checksums == nil {
		m.checksums = map[string]string{}
		paths := []string{filepath.Join(m.Folder, "config.json"), filepath.Join(m.Folder, "tokenizer.json")}
		for _, path := range append(paths, m.Files()...) {
			sum, err := FileSum(path)
			if err != nil {
				return nil, err
			}
			m.checksums["model/"+filepath.Base(path)] = sum
		}
	}
	return m.checksums, nil
}

// FileSum is the SHA-256 of a file, in hex.
func FileSum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Versions of the program and of what it is linked with or has loaded.
func Versions() map[string]string {
	versions := map[string]string{"mslora": Release, "go": runtime.Version(), "onnxruntime": ort.GetVersion()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			versions["mslora"] = Release + "+" + setting.Value[:12]
		}
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/daulet/tokenizers" {
			versions["tokenizers"] = module.Version
		}
	}
	return versions
}
