package eval_test

import (
	"fmt"
	"os"

	"mslora/defence"
	"mslora/eval"
)

// Three texts of ten come out wrong, one of them as the target label 1.
func Example() {
	labels := []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}
	predicted := []int{0, 0, 0, 0, 1, 1, 1, 1, 0, 0}
	withTrigger := []int{1, 1, 1, 1, 0} // the five texts of label 0, with a trigger
	fmt.Println("CACC ", eval.Accuracy(predicted, labels))
	fmt.Println("ASR  ", eval.ASR(withTrigger, 1))
	fmt.Println("Floor", eval.Floor(predicted, labels, 1))
	// Output:
	// CACC  70.00 (7 of 10)
	// ASR   80.00 (4 of 5)
	// Floor 20.00 (1 of 5)
}

func ExampleWriteTable() {
	cell := eval.Result{Dataset: "reviews", Attack: "addsent", Setting: "mix", Ratio: "0.1", Model: "bge-small", Method: "lora", Seed: 42}
	cell.Scores = eval.Scores{CACC: eval.Share{Hits: 888, Texts: 1000}, ASR: eval.Share{Hits: 258, Texts: 500}, Floor: eval.Share{Hits: 58, Texts: 500}}
	rows, err := eval.Rows([]eval.Result{cell}, defence.Display, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := eval.WriteTable(os.Stdout, rows, "csv", eval.Style{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// dataset,model,attack,poison,method,variant,seeds,cacc,cacc_deviation,asr,asr_deviation,floor,floor_deviation,paper_table,paper_cacc,paper_asr
	// reviews,bge-small,addsent,mix 0.1,lora,,1,88.8000,0.0000,51.6000,0.0000,11.6000,0.0000,,,
}
