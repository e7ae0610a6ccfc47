package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"mslora/defence"
	"mslora/experiment"
	"mslora/params"
)

func presetCommand() *cli.Command {
	return &cli.Command{
		Name:      "preset",
		Usage:     "show the hyperparameters that a model is trained with",
		UsageText: "mslora preset\nmslora preset bert-base --preset paper > paper.yaml",
		Description: "Without an argument: lists the models with presets. With a model, an architecture such as bert-24x1024, or\n" +
			"a Hugging Face folder: prints the preset as YAML, which `mslora run --config` reads.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "preset", Usage: "authors: as the paper's code; paper: as its text", Value: "authors"},
			&cli.StringFlag{Name: "method", Usage: "method that the values are for", Value: "musclelora"},
		},
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
				return listPresets(c.App.Writer)
			case 1:
				return showPreset(c.App.Writer, c.Args().First(), c.String("preset"), c.String("method"))
			}
			return badInput(fmt.Errorf("unexpected argument %q", c.Args().Get(1)))
		},
	}
}

func listPresets(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "model\tarchitecture\tvalues of --preset authors from")
	for _, p := range experiment.Presets {
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.Name, p.Architecture, p.Source)
	}
	return table.Flush()
}

// showPreset prints a piece of a configuration.
func showPreset(out io.Writer, model, variant, methodName string) error {
	method, err := defence.Find(methodName)
	if err != nil {
		return badInput(err)
	}
	architecture, err := experiment.ArchitectureOf(model)
	if err != nil {
		return badInput(err)
	}
	preset, err := experiment.FindPreset(variant, architecture)
	if err != nil {
		return badInput(err)
	}
	fmt.Fprintf(out, "# %s (%s), method %s: %s\n", preset.Name, architecture, method.Name, preset.Source)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	return encoder.Encode(struct {
		Preset          string        `yaml:"preset"`
		Hyperparameters params.Values `yaml:"hyperparameters"`
	}{variant, preset.For(method, nil)})
}
