import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Answers a JSON array of texts with the probabilities of each class: Classify FOLDER TEXTS.json. */
public class Classify {
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Gson gson = new Gson();
        JsonObject labels = gson.fromJson(Files.readString(folder.resolve("config.json")), JsonObject.class).getAsJsonObject("id2label");
        String[] texts = gson.fromJson(Files.readString(Path.of(arguments[1])), String[].class);

        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        List<JsonObject> answers = new ArrayList<>();
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"));
             OrtSession session = environment.createSession(folder.resolve("onnx/model.onnx").toString())) {
            for (String text : texts) {
                Encoding encoding = tokenizer.encode(text);
                try (OnnxTensor ids = OnnxTensor.createTensor(environment, new long[][] {encoding.getIds()});
                     OnnxTensor mask = OnnxTensor.createTensor(environment, new long[][] {encoding.getAttentionMask()});
                     OrtSession.Result result = session.run(Map.of("input_ids", ids, "attention_mask", mask))) {
                    double[] probabilities = softmax(((float[][]) result.get(0).getValue())[0]);
                    JsonObject answer = new JsonObject();
                    for (int i = 0; i < probabilities.length; i++) {
                        answer.addProperty(labels.get(String.valueOf(i)).getAsString(), probabilities[i]);
                    }
                    answers.add(answer);
                }
            }
        }
        System.out.println(gson.toJson(answers));
    }

    static double[] softmax(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY, sum = 0;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double[] probabilities = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            sum += probabilities[i] = Math.exp(logits[i] - largest);
        }
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] /= sum;
        }
        return probabilities;
    }
}
