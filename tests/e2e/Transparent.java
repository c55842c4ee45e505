import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;

/** Java's HttpClient: VERSION BASE pairs; prints all that it saw. */
public class Transparent {
	static void ask(HttpClient c, String url, String method, byte[] body) {
		HttpRequest r = HttpRequest.newBuilder(URI.create(url))
			.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body))
			.header("X-Mixed-Case", "Yes").build();
		try {
			HttpResponse<byte[]> a = c.send(r, BodyHandlers.ofByteArray());
			System.out.println(method + " " + a.version() + " " + a.statusCode() + " " + a.headers().map()
				+ " " + a.body().length + " " + Arrays.hashCode(a.body()));
		} catch (Exception x) {
			System.out.println(method + " " + x.getClass());
		}
	}

	public static void main(String[] a) {
		byte[] big = new byte[300000];
		Arrays.fill(big, (byte)'j');
		for (int i = 0; i < a.length; i += 2) {
			HttpClient c = HttpClient.newBuilder().version(HttpClient.Version.valueOf(a[i])).build();
			System.out.println("== " + a[i]);
			ask(c, a[i + 1] + "/page", "GET", null);
			ask(c, a[i + 1] + "/echo", "POST", big);
			ask(c, a[i + 1] + "/gzip", "GET", null);
			ask(c, a[i + 1] + "/chunks", "GET", null);
			ask(c, a[i + 1] + "/none", "DELETE", null);
			ask(c, a[i + 1] + "/gone", "PUT", new byte[1]);
		}
		System.exit(0);
	}
}
