package report_test

import (
	"bytes"
	"fmt"
	"strings"

	"mslora/report"
)

func ExampleReport_WriteCard() {
	r := report.Report{
		Title: "reviews", Model: "BAAI/bge-small-en-v1.5", Method: "MuScleLoRA", Data: "reviews.csv", Labels: []string{"bad", "good"},
		Splits: []report.Split{{Name: "test", Texts: 200, Accuracy: 90.5}},
	}
	var card bytes.Buffer
	if err := r.WriteCard(&card); err != nil {
		fmt.Println(err)
		return
	}
	front, _, _ := strings.Cut(strings.TrimPrefix(card.String(), "---\n"), "---\n")
	fmt.Print(front)
	// Output:
	// base_model: "BAAI/bge-small-en-v1.5"
	// library_name: transformers
	// pipeline_tag: text-classification
	// tags:
	// - text-classification
	// metrics:
	// - accuracy
	// model-index:
	// - name: "reviews"
	//   results:
	//   - task:
	//       type: text-classification
	//     dataset:
	//       name: "reviews.csv"
	//       type: local
	//       split: "test"
	//     metrics:
	//     - type: accuracy
	//       value: 0.9050
}
