// Command classify answers a JSON array of texts with the probabilities of each class, in pure Go:
//
//	classify FOLDER TEXTS.json
package main

import (
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/pipelines"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: classify FOLDER TEXTS.json")
	}
	folder := arguments[0]
	content, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	var texts []string
	if err := json.Unmarshal(content, &texts); err != nil {
		return err
	}

	// hugot finds onnx/model.onnx only from inside the folder.
	if err := os.Chdir(folder); err != nil {
		return err
	}
	session, err := hugot.NewGoSession()
	if err != nil {
		return err
	}
	defer session.Destroy()
	// Without WithSoftmax scores are of a sigmoid; WithMultiLabel gives those of all classes.
	pipeline, err := hugot.NewPipeline(session, hugot.TextClassificationConfig{
		ModelPath: ".", OnnxFilename: "model.onnx", Name: "classifier",
		Options: []hugot.TextClassificationOption{pipelines.WithSoftmax(), pipelines.WithMultiLabel()},
	})
	if err != nil {
		return err
	}
	answers := make([]map[string]float32, len(texts))
	for i, text := range texts {
		result, err := pipeline.RunPipeline([]string{text})
		if err != nil {
			return err
		}
		answers[i] = map[string]float32{}
		for _, class := range result.ClassificationOutputs[0] {
			answers[i][class.Label] = class.Score
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}
