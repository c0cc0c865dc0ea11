import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.catalog.TableIdentifier;

/** What Java's Iceberg sees of tables, folders or `uri|namespace.table`, and what it does to them before: lines of `(look|compact|expire,TIME,KEEP) TABLE…`, between tabs. Prints a line of JSON for each. */
public class Written {
  public static void main(String[] args) throws Exception {
    // Libraries print what they like.
    PrintStream answer = System.out;
    System.setOut(System.err);
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\t");
      List<String> answers = new ArrayList<>();
      for (int index = 1; index < words.length; index++) answers.add(seen(words[0], opened(words[index])));
      answer.println(answers);
    }
    System.exit(0);
  }

  private static String seen(String does, Table table) throws Exception {
    if (does.equals("compact")) {
      table.updateProperties().set("by", "java").commit();
      table.rewriteManifests().clusterBy(file -> "").commit();
      table.refresh();
    }
    if (does.startsWith("expire")) {
      String[] how = does.split(",", -1);
      var expire = table.expireSnapshots();
      if (!how[1].isEmpty()) expire = expire.expireOlderThan(Long.parseLong(how[1]));
      if (!how[2].isEmpty()) expire = expire.retainLast(Integer.parseInt(how[2]));
      expire.commit();
      table.refresh();
    }
    List<String> snapshots = new ArrayList<>();
    for (Snapshot snapshot : table.snapshots()) {
      int[] counts = new int[2];
      snapshot.addedDataFiles(table.io()).forEach(file -> counts[0]++);
      snapshot.removedDataFiles(table.io()).forEach(file -> counts[1]++);
      snapshots.add(String.format("{\"operation\": \"%s\", \"sequence\": %d, \"added\": %d, \"removed\": %d, \"records\": %s}", snapshot.operation(), snapshot.sequenceNumber(), counts[0], counts[1], snapshot.summary().get("total-records")));
    }
    Long x60 = table.schema().findField("loc.x") == null ? null : records(table, Expressions.greaterThanOrEqual("loc.x", 60L));
    return String.format("{\"records\": %d, \"from60\": %d, \"x60\": %s, \"eu\": %d, \"snapshots\": %s}", records(table, Expressions.alwaysTrue()), records(table, Expressions.greaterThanOrEqual("id", 60L)), x60, records(table, Expressions.equal("region", "eu")), snapshots);
  }

  private static Table opened(String name) {
    if (!name.contains("|")) return new HadoopTables(new Configuration()).load(name);
    String[] parts = name.split("\\|");
    return CATALOGS.computeIfAbsent(parts[0], Written::catalog).loadTable(TableIdentifier.parse(parts[1]));
  }

  private static final Map<String, RESTCatalog> CATALOGS = new HashMap<>();

  private static RESTCatalog catalog(String uri) {
    RESTCatalog catalog = new RESTCatalog();
    catalog.initialize("test", Map.of("uri", uri, "io-impl", "org.apache.iceberg.aws.s3.S3FileIO", "s3.endpoint", System.getenv("AWS_ENDPOINT_URL"), "s3.path-style-access", "true", "client.region", "us-east-1",
        "s3.access-key-id", System.getenv("AWS_ACCESS_KEY_ID"), "s3.secret-access-key", System.getenv("AWS_SECRET_ACCESS_KEY")));
    return catalog;
  }

  /** Rows of the files that a filter leaves: Java judges by partitions and bounds alone. */
  private static long records(Table table, Expression filter) throws Exception {
    long records = 0;
    try (var tasks = table.newScan().filter(filter).includeColumnStats().planFiles()) {
      for (FileScanTask task : tasks) records += task.file().recordCount();
    }
    return records;
  }
}
