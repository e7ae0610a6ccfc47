package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/catalog"
	"mslora/graphs"
	"mslora/internal/machine"
	"mslora/internal/ortlib"
	"mslora/ortrain"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "show versions, libraries, devices and models, and whether `mslora run` can work",
		UsageText: "mslora doctor",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "onnxruntime", Usage: "`PATH` of libonnxruntime"},
		},
		Action: func(c *cli.Context) error { return doctor(c.App.Writer, c.String("onnxruntime")) },
	}
}

// doctor reports on everything that run needs. Its error says that run cannot work.
func doctor(out io.Writer, flag string) error {
	show := func(what, format string, values ...any) { showLine(out, what, format, values...) }
	if err := showVersions(out, flag); err != nil {
		return err
	}
	if err := ortlib.Start(flag); err != nil {
		return err
	}
	show("providers", "%s", strings.Join(providers(), ", "))
	// What this process may use, which in a container is less than the machine has.
	show("precisions", "%s", precisions())
	show("cores", "%d", machine.Threads())
	if memory := machine.Memory(); memory > 0 {
		show("memory", "%.1f GiB", float64(memory)/(1<<30))
	}
	show("graphs", "%s", strings.Join(graphs.Architectures(), ", "))
	if len(graphs.Architectures()) == 0 {
		return errors.New("this program was built without graphs")
	}
	return showModels(show)
}

// providers lists what graphs can run on. CUDA is there if its provider loads.
func providers() []string {
	available := []string{"cpu"}
	if err := ortrain.CheckCUDA(); err != nil {
		return append(available, "no cuda: "+strings.SplitN(err.Error(), "\n", 2)[0])
	}
	return append(available, "cuda")
}

// precisions lists those that a CPU as this one is made for.
func precisions() string {
	if !machine.FastInt8() {
		return ortrain.PrecisionFloat32 + ", no " + ortrain.PrecisionInt8 + ": the processor has no VNNI"
	}
	return ortrain.PrecisionFloat32 + ", " + ortrain.PrecisionInt8
}

// showModels lists the models in each place where named models are looked for.
func showModels(show func(what, format string, values ...any)) error {
	count := 0
	for _, place := range catalog.ModelFolders() {
		configs, err := filepath.Glob(filepath.Join(place, "*", "config.json"))
		if err != nil {
			return err
		}
		for _, config := range configs {
			folder := filepath.Dir(config)
			model, err := ortrain.OpenModel(folder)
			if err != nil {
				show("model", "%s: %v", folder, err)
				continue
			}
			show("model", "%s (%s)", folder, model.Config.Architecture())
			model.Close()
			count++
		}
	}
	if count == 0 {
		show("models", "none in %s", strings.Join(catalog.ModelFolders(), ", "))
		show("", "`mslora fetch bge-small` gets one; or give a Hugging Face folder with --model")
	}
	return nil
}
