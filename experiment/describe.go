package experiment

import (
	"encoding/json"
	"runtime"
	"runtime/debug"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/eval"
)

// Release is the version of this program.
const Release = "0.2.0"

// describe adds what is needed to repeat the cell: its configuration, versions and checksums.
func (p *Plan) describe(r *eval.Result, cell Cell) (err error) {
	r.Cell = cell.ID()
	r.Dataset, r.Attack, r.Target, r.Setting, r.Ratio = cell.Dataset, cell.Attack, cell.Target, cell.Setting, cell.Ratio
	r.Model, r.Architecture, r.Method, r.Seed = cell.Model, cell.Architecture, cell.Method, cell.Seed
	r.Limit, r.Precision = cell.Limit, cell.Precision
	r.Device, r.Threads = p.Device.String(), p.Device.Threads
	r.Versions, r.Checksums = Versions(), cell.Checksums
	r.Config, err = json.Marshal(cell.Hyperparameters)
	return err
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
