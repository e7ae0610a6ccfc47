package experiments

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mslora/experiment"
	"mslora/figure"
)

// Every configuration is valid, and those of figures name what is drawn: a kind of figure, of a sweep the axis, which has several values.
func TestExperiments(t *testing.T) {
	want := "table1 table2 table3 table4 table7 table8 table9 figure1 figure2 figure4 figure5 figure6 figure7 figure8 figure9 figure10 figure11 figure12 figure13 purify1 purify2 sweep1 sweep2 sweep3 sweep4 sweep5"
	if got := strings.Join(Names, " "); got != want {
		t.Errorf("names %s, want %s", got, want)
	}
	for _, name := range Names {
		text, err := Read(name)
		if err != nil {
			t.Fatal(err)
		}
		config, err := experiment.ParseConfig(text)
		if err == nil {
			err = config.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.HasPrefix(name, "table") || name == "purify1" {
			if config.Figure != "" || config.Fourier.On {
				t.Errorf("%s is a table, but names a figure", name)
			}
			continue
		}
		kind, err := figure.Find(config.Figure)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(kind.Name, "fourier") != config.Fourier.On || config.Fourier.On && config.Fourier.Texts != experiment.MostFourierTexts {
			t.Errorf("%s: figure %s of %+v", name, kind.Name, config.Fourier)
		}
		values := len(config.Hyperparameters[config.Axis])
		if config.Axis == "ratio" {
			values = len(config.Ratio)
		}
		if (kind.Name == "sweep") != (values > 1) {
			t.Errorf("%s: figure %s over %q with %d values", name, kind.Name, config.Axis, values)
		}
		if !slices.Equal(config.Data, []string{"sst-2"}) || fmt.Sprint(config.Seeds) != "[42]" || !strings.Contains(string(text), "mslora reproduce "+name+"\n") {
			t.Errorf("%s: %+v", name, config)
		}
	}
	if _, err := Read("figure3"); err == nil || !strings.HasPrefix(err.Error(), `there is no experiment "figure3"`) {
		t.Errorf("error %v", err)
	}
}
